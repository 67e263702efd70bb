#include "glid/tasks/masked_image.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/model/model_config.h"
#include "support/formula_weights.h"
#include "support/golden.h"

namespace glid {
namespace {

SwinShape shape_with_patch(int64_t patch) {
  SwinShape shape = swin_preset(EncoderName::kTiny);
  shape.patch = patch;
  return shape;
}

// A batch of random pictures with the task's own masks.
Batch make_batch(const MaskedImage& task, const SwinShape& shape, int64_t size) {
  Batch batch;
  batch.images = at::randint(0, 256, {2, size, size, 3}, at::kByte);
  std::vector<SamplePlan> plans;
  for (int64_t id : {4, 9}) {
    batch.keys.push_back({1, 0, id});
    batch.names.push_back(std::to_string(id));
    plans.push_back(task.plan(batch.keys.back(), size, size));
  }
  batch.plan = std::make_shared<WindowPlan>(collate(plans, shape.windows));
  return batch;
}

TEST(MaskedImage, AsksForEveryHiddenUnit) {
  const SwinShape shape = shape_with_patch(2);
  const MaskedImage task({}, shape);
  const Question question = task.ask(make_batch(task, shape, 96));
  EXPECT_EQ(question.target.sizes(), (std::vector<int64_t>{2, 27, 768}));
  EXPECT_EQ(question.count, 54);
  EXPECT_LT(question.target.mean(-1).abs().max().item<float>(), 1e-5);
  EXPECT_NEAR(question.target.var(-1).mean().item<float>(), 1, 1e-3);
}

// Rows of unit pixels in the order row, column, channel, normalised as MAE's target.
class TargetGolden : public testing::TestWithParam<const char*> {};

TEST_P(TargetGolden, EqualsTheReference) {
  const Json golden = read_golden(GetParam());
  const int64_t unit = golden.at("unit").as_int();
  std::vector<int64_t> nchw;
  for (const Json& n : golden.at("image_shape").as_array()) nchw.push_back(n.as_int());
  const at::Tensor units = to_units(formula_tensor("input", nchw).permute({0, 2, 3, 1}).contiguous(), unit).flatten(1);
  const at::Tensor normalised = normalise_units(units);
  expect_matches(golden.at("normalised"), normalised.view({nchw[0], -1, units.size(1)}), 2e-6, "normalised");
}

INSTANTIATE_TEST_SUITE_P(Units, TargetGolden, testing::Values("target/unit16.json", "target/unit32.json"));

TEST(MaskedImage, LossIsTheMeanOverPixelsSummedOverUnits) {
  const SwinShape shape = shape_with_patch(1);
  const MaskedImage task({.mask_ratio = 0.5}, shape);
  const Question question = task.ask(make_batch(task, shape, 48));
  Answer answer;
  answer["pixels"] = at::cat({at::full({2, 1, 192}, 1e6), question.target + 2}, 1);  // [CLS] has no loss
  const Losses losses = task.losses(answer, question);
  EXPECT_NEAR(losses.sum.item<double>() / question.count, 4, 1e-4);
  EXPECT_EQ(losses.diagnostics.at(0).name, "query_spread");
  answer["pixels"] = at::ones({2, 19, 192});
  EXPECT_NEAR(task.losses(answer, question).diagnostics[0].value.item<double>(), 0, 1e-7);
}

double scaled_loss(const at::Tensor& prediction, const at::Tensor& target) {
  const double scale =
      (prediction * target).sum().item<double>() / prediction.square().sum().clamp_min(1e-12).item<double>();
  return (scale * prediction - target).square().mean().item<double>();
}

TEST(MaskedImage, ReferencesEqualTheirDefinition) {
  const SwinShape shape = shape_with_patch(1);
  const MaskedImage task({.mask_ratio = 0.5, .target = PixelTarget::kRaw}, shape);
  const Question question = task.ask(make_batch(task, shape, 16));  // 2x2 units of 8 px
  const std::vector<Reference> references = task.references(question);
  ASSERT_EQ(references.size(), 3u);
  EXPECT_EQ(references[0].name, "zero");
  EXPECT_EQ(references[0].prediction.abs().sum().item<float>(), 0);
  // Interpolation, hidden pixel by hidden pixel.
  const at::Tensor image = question.images[0].to(at::kDouble);
  const at::Tensor shown = at::zeros({16, 16}, at::kBool);
  const at::Tensor first_row_units = question.query.plan.visible_units;
  for (int64_t i = 0; i < question.query.plan.num_visible; ++i) {
    const int64_t unit = first_row_units[i].item<int64_t>();
    shown.slice(0, unit / 2 * 8, unit / 2 * 8 + 8).slice(1, unit % 2 * 8, unit % 2 * 8 + 8).fill_(true);
  }
  const int64_t hidden_unit = question.query.plan.hidden_cells[0][0].item<int64_t>();
  const int64_t y = hidden_unit / 2 * 8 + 3, x = hidden_unit % 2 * 8 + 5;
  const at::Tensor dy = at::arange(16, at::kDouble).view({16, 1}) - y, dx = at::arange(16, at::kDouble).view({1, 16}) - x;
  const at::Tensor weight = (dy.square() + dx.square()).pow(-1.5).masked_fill(shown.logical_not(), 0);
  const at::Tensor expected = (image * weight.unsqueeze(2)).sum(at::IntArrayRef{0, 1}) / weight.sum();
  const at::Tensor got = references[2].prediction[0][0].view({8, 8, 3})[3][5];
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-5);
  EXPECT_LT(scaled_loss(references[2].prediction, question.target), scaled_loss(references[0].prediction, question.target));
}

TEST(MaskedImage, APerfectAnswerDrawsTheOriginal) {
  const SwinShape shape = shape_with_patch(2);
  const MaskedImage task({}, shape);
  const Question question = task.ask(make_batch(task, shape, 96));
  Answer answer;
  answer["pixels"] = at::cat({at::zeros({2, 1, 768}), question.target}, 1);
  const auto rows = task.pictures(answer, question);
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[0].size(), task.picture_titles().size());
  EXPECT_EQ(rows[0][1].pixels, rows[0][3].pixels);  // reconstruction, original
  EXPECT_NE(rows[0][0].pixels, rows[0][3].pixels);  // masked
  EXPECT_NE(rows[0][2].pixels, rows[0][3].pixels);  // control
}

TEST(MaskedImage, DropPathDrawsBelongToTheSample) {
  SwinShape shape = shape_with_patch(2);
  shape.drop_path = 0.2;
  const MaskedImage task({}, shape);
  Batch batch = make_batch(task, shape, 96);
  const at::Tensor both = task.ask(batch).query.drop_path;
  EXPECT_EQ(both.sizes(), (std::vector<int64_t>{16, 2}));
  EXPECT_FALSE(at::equal(both.select(1, 0), both.select(1, 1)));
  std::swap(batch.keys[0], batch.keys[1]);
  EXPECT_TRUE(at::equal(task.ask(batch).query.drop_path.select(1, 0), both.select(1, 1)));
}

}  // namespace
}  // namespace glid
