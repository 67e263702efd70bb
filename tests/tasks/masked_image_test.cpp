#include "glid/tasks/masked_image.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/core/rng.h"
#include "glid/model/model_config.h"
#include "support/formula_weights.h"
#include "support/golden.h"
#include "support/small_run.h"

namespace glid {
namespace {

SwinShape shape_with_patch(int64_t patch) {
  SwinShape shape = swin_preset(EncoderName::kTiny);
  shape.patch = patch;
  return shape;
}

// Random pictures of the task's size with its own masks.
Batch make_batch_of(const std::vector<int64_t>& ids, const MaskedImage& task, const SwinShape& shape, int64_t size) {
  std::vector<NamedPicture> pictures;
  for (const int64_t id : ids) {
    Rng rng(3, 0, static_cast<uint64_t>(id), RandomOp::kExample);
    Sample sample{id, std::to_string(id), {size, size, std::vector<uint8_t>(static_cast<size_t>(size * size * 3))}, {}};
    for (uint8_t& value : sample.image.pixels) value = static_cast<uint8_t>(rng.below(256));
    for (PreparedImage& image : task.prepare(sample, {1, 0, id}, {}, /*training=*/false))
      pictures.push_back({{1, 0, id}, sample.name, std::move(image)});
  }
  return make_batch(std::move(pictures), shape.unit_px(), [](int64_t bytes) { return at::empty({bytes}, at::kByte); });
}

Question ask(const MaskedImage& task, const SwinShape& shape, int64_t size) {
  return task.ask(make_batch_of({4, 9}, task, shape, size), /*training=*/false);
}

// An answer of [CLS] and the hidden units.
std::vector<Answer> answer_with(const at::Tensor& cls, const at::Tensor& pixels) {
  return {{{{"pixels", at::cat({cls, pixels}, 1).unsqueeze(0)}}, {}}};
}

TEST(MaskedImage, AsksForEveryHiddenUnit) {
  const SwinShape shape = shape_with_patch(2);
  const MaskedImage task({}, shape, 96);
  const Question question = ask(task, shape, 96);
  const at::Tensor& target = question.targets.at("pixels");
  EXPECT_EQ(target.sizes(), (std::vector<int64_t>{2, 27, 768}));
  EXPECT_EQ(task.counts(make_batch_of({4, 9}, task, shape, 96)).at("units"), (std::vector<double>{27, 27}));
  EXPECT_LT(target.mean(-1).abs().max().item<float>(), 1e-5);
  EXPECT_NEAR(target.var(-1).mean().item<float>(), 1, 1e-3);
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
  const MaskedImage task(hiding_half(), shape, 48);
  const Question question = ask(task, shape, 48);
  const auto off_by_two = answer_with(at::full({2, 1, 192}, 1e6), question.targets.at("pixels") + 2);  // [CLS] has no loss
  const Losses losses = task.losses(off_by_two, question);
  ASSERT_EQ(losses.terms.size(), 1u);
  EXPECT_EQ(losses.terms[0].count, "units");
  EXPECT_NEAR(losses.terms[0].sum.item<double>() / 36, 4, 1e-4);  // 18 of 36 units of 2 pictures
  EXPECT_EQ(losses.diagnostics.at(0).name, "query_spread");
  const auto alike = answer_with(at::ones({2, 1, 192}), at::ones({2, 18, 192}));
  EXPECT_NEAR(task.losses(alike, question).diagnostics[0].value.item<double>(), 0, 1e-7);
}

double scaled_loss(const at::Tensor& prediction, const at::Tensor& target) {
  const double scale =
      (prediction * target).sum().item<double>() / prediction.square().sum().clamp_min(1e-12).item<double>();
  return (scale * prediction - target).square().mean().item<double>();
}

TEST(MaskedImage, ReferencesEqualTheirDefinition) {
  const SwinShape shape = shape_with_patch(1);
  MaskedImageConfig config = hiding_half();
  config.hiding.pixels.target = PixelTarget::kRaw;
  const MaskedImage task(config, shape, 16);
  const Question question = ask(task, shape, 16);  // 2x2 units of 8 px
  const PlanTensors& plan = *question.view.plan.runs[0].plan;
  const std::vector<Reference> references = task.references(question);
  ASSERT_EQ(references.size(), 3u);
  EXPECT_EQ(references[0].name, "zero");
  EXPECT_EQ(references[0].prediction.abs().sum().item<float>(), 0);
  // Interpolation, hidden pixel by hidden pixel.
  const at::Tensor image = from_units(question.units, {2, 2})[0].to(at::kDouble);
  const at::Tensor shown = at::zeros({16, 16}, at::kBool);
  const at::Tensor first_row_units = plan.visible_units;
  for (int64_t i = 0; i < plan.num_visible; ++i) {
    const int64_t unit = first_row_units[i].item<int64_t>();
    shown.slice(0, unit / 2 * 8, unit / 2 * 8 + 8).slice(1, unit % 2 * 8, unit % 2 * 8 + 8).fill_(true);
  }
  const int64_t hidden_unit = plan.hidden_cells[0][0].item<int64_t>();
  const int64_t y = hidden_unit / 2 * 8 + 3, x = hidden_unit % 2 * 8 + 5;
  const at::Tensor dy = at::arange(16, at::kDouble).view({16, 1}) - y, dx = at::arange(16, at::kDouble).view({1, 16}) - x;
  const at::Tensor weight = (dy.square() + dx.square()).pow(-1.5).masked_fill(shown.logical_not(), 0);
  const at::Tensor expected = (image * weight.unsqueeze(2)).sum(at::IntArrayRef{0, 1}) / weight.sum();
  const at::Tensor got = references[2].prediction[0][0].view({8, 8, 3})[3][5];
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-5);
  EXPECT_LT(scaled_loss(references[2].prediction, references[2].target),
            scaled_loss(references[0].prediction, references[0].target));
}

TEST(MaskedImage, APerfectAnswerDrawsTheOriginal) {
  const SwinShape shape = shape_with_patch(2);
  const MaskedImage task({}, shape, 96);
  const Question question = ask(task, shape, 96);
  const auto rows = task.pictures(answer_with(at::zeros({2, 1, 768}), question.targets.at("pixels")), question);
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[0].size(), task.picture_titles().size());
  EXPECT_EQ(rows[0][1].pixels, rows[0][3].pixels);  // reconstruction, original
  EXPECT_NE(rows[0][0].pixels, rows[0][3].pixels);  // masked
  EXPECT_NE(rows[0][2].pixels, rows[0][3].pixels);  // control
}

TEST(MaskedImage, DropPathDrawsBelongToTheSample) {
  SwinShape shape = shape_with_patch(2);
  shape.drop_path = 0.2;
  const MaskedImage task({}, shape, 96);
  const at::Tensor both = task.ask(make_batch_of({4, 9}, task, shape, 96), /*training=*/false).view.drop_path;
  EXPECT_EQ(both.sizes(), (std::vector<int64_t>{16, 2}));
  EXPECT_FALSE(at::equal(both.select(1, 0), both.select(1, 1)));
  const at::Tensor swapped = task.ask(make_batch_of({9, 4}, task, shape, 96), /*training=*/false).view.drop_path;
  EXPECT_TRUE(at::equal(swapped.select(1, 0), both.select(1, 1)));
}

}  // namespace
}  // namespace glid
