#include "glid/tasks/beit.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/config/read.h"
#include "glid/core/error.h"
#include "glid/data/kmeans.h"
#include "glid/tasks/pixel_task.h"
#include "support/batches.h"
#include "support/case_losses.h"
#include "support/every_task.h"
#include "support/formula_weights.h"
#include "support/golden.h"
#include "support/plans.h"

namespace glid {
namespace {

using testing::HasSubstr;

class BeitTest : public testing::Test {
 protected:
  BeitTest() : task_(small_config(BeitConfig()), shape().encoder, kSampleSize), model_(shape(), task_.spec()) {
    initialise_randomly(model_);
    model_.to(at::kDouble);
  }
  static ModelShape shape() {
    ModelShape shape = small_vit_model_shape();
    VitShape vit = *shape.encoder.vit();
    vit.unit = 1, vit.patch = 8, vit.grid = 3;
    vit.positions = VitPositions::kNone, vit.relative_bias = BiasSharing::kShared;
    shape.encoder = vit;
    return shape;
  }
  Batch batch(int64_t count = 3, bool training = true) const {
    return batch_of(0, count, kSampleSize, 8, [&](const auto&... about) { return task_.prepare(about..., training); });
  }
  std::vector<Answer> answer(const Question& question) const {
    return model_.forward(question.units.to(at::kDouble), question.view, question.queries);
  }
  at::Tensor logits(const Question& question) const { return answer(question).at(0).at("codes")[0]; }

  Beit task_;
  Glid model_;
};

TEST_F(BeitTest, ModelHasAnEncoderWithAMaskTokenAndAHead) {
  for (const auto& [name, parameter] : named_parameters(model_))
    EXPECT_TRUE(name.starts_with("encoder.") || name.starts_with("heads.codes.")) << name;
  EXPECT_TRUE(dynamic_cast<Vit&>(*model_.encoder).mask_token.defined());
  EXPECT_EQ(model_.heads->heads[0]->weight.size(0), kSmallCodes);
}

// Pictures hide unequal numbers of units.
TEST_F(BeitTest, LossIsTheCrossEntropyOfAllHiddenUnits) {
  const Question question = task_.ask(batch(40), /*training=*/true);
  const BatchArray& hidden = question.batch.arrays.at("hidden");
  EXPECT_GT(*std::ranges::max_element(hidden.lengths), *std::ranges::min_element(hidden.lengths));
  const at::Tensor rows = model_.encoder->last_tokens(question.units.to(at::kDouble), question.view).tokens;
  const at::Tensor all = model_.heads->heads[0]->forward(rows);  // of every unit
  const at::Tensor cells = hidden.values;
  std::vector<double> expected;
  double sum = 0;
  int64_t at = 0, num_right = 0;
  for (size_t b = 0; b < hidden.lengths.size(); ++b) {
    expected.push_back(0);
    for (int64_t n = 0; n < hidden.lengths[b]; ++n, ++at) {
      const int64_t row = static_cast<int64_t>(b) * 9 + cells[at].item<int64_t>();
      const int64_t code = task_.codes_of(question.units[row].flatten().unsqueeze(0)).item<int64_t>();
      expected.back() -= all[row].log_softmax(-1)[code].item<double>();
      num_right += all[row].argmax().item<int64_t>() == code;
    }
    sum += expected.back();
  }
  const std::vector<Answer> answers = answer(question);
  const Losses losses = task_.losses(answers, question);
  EXPECT_NEAR(losses.terms.at(0).sum.item<double>(), sum, 1e-9);
  for (size_t b = 0; b < expected.size(); ++b)
    EXPECT_NEAR(losses.terms[0].by_image[static_cast<int64_t>(b)].item<double>(), expected[b], 1e-9);
  const at::Tensor accuracy = losses.diagnostics.at(0).value;
  EXPECT_EQ(accuracy.item<double>() > 0, num_right > 0);
  const std::vector<double> counts = task_.counts(question.batch).at("units");
  EXPECT_EQ(std::vector<int64_t>(counts.begin(), counts.end()), hidden.lengths);
}

// The same names by the program that makes codebooks.
TEST_F(BeitTest, CodesAreTheNearestOfNormalisedPatches) {
  const at::Tensor pixels = at::randn({50, 192}) * 3 + 1;
  const at::Tensor normalised = normalise_units(pixels).contiguous();
  const Codebook codebook = read_codebook(small_codebook());
  const KMeans codes(codebook.codes, codebook.width());
  const float* values = normalised.const_data_ptr<float>();
  const std::vector<int64_t> expected = codes.nearest({values, static_cast<size_t>(normalised.numel())}, 1).centres;
  const at::Tensor got = task_.codes_of(pixels);
  EXPECT_TRUE(at::equal(got, at::tensor(expected)));
  EXPECT_TRUE(at::equal(task_.codes_of(pixels * 2 + 3), got));  // neither light nor contrast matters
  const at::Tensor own = at::tensor(codebook.codes).view({kSmallCodes, 192});
  EXPECT_TRUE(at::equal(task_.codes_of(own), at::arange(kSmallCodes)));
}

TEST_F(BeitTest, ValidationPicturesAreNeitherCutAtRandomNorJittered) {
  const at::Tensor first = batch(2, /*training=*/false).units;
  EXPECT_TRUE(at::equal(first, batch(2, /*training=*/false).units));
  BeitConfig plain = small_config(BeitConfig());
  plain.colour_jitter = 0;
  const Beit without(plain, shape().encoder, kSampleSize);
  const auto pictures = [&](const Beit& task, bool training) {
    return batch_of(0, 4, kSampleSize, 8, [&](const auto&... about) { return task.prepare(about..., training); }).units;
  };
  EXPECT_TRUE(at::equal(pictures(without, false), pictures(task_, false)));
  EXPECT_FALSE(at::equal(pictures(without, true), pictures(task_, true)));
}

TEST_F(BeitTest, PredictorsThatNeverLearnKnowTheFrequenciesOfCodes) {
  const Question question = task_.ask(batch(), /*training=*/false);
  const std::vector<Reference> references = task_.references(question);
  ASSERT_EQ(references.size(), 2u);
  const at::Tensor codes = question.targets.at("codes"), is_asked = codes.ge(0).to(at::kDouble);
  const at::Tensor seen = at::arange(1, kSmallCodes + 1).to(at::kDouble);  // small_codebook()'s, and once more each
  const at::Tensor expected = -(seen / seen.sum()).log().index_select(0, codes.clamp_min(0).flatten()).view(codes.sizes());
  for (const Reference& reference : references) {
    EXPECT_TRUE(reference.absolute);
    EXPECT_EQ(reference.counts, task_.counts(question.batch).at("units"));
    EXPECT_EQ(reference.target.abs().max().item<double>(), 0);
  }
  EXPECT_EQ(references[0].name, "equal codes");
  EXPECT_NEAR(references[0].prediction.sum().item<double>(), is_asked.sum().item<double>() * std::log(11.0), 1e-9);
  EXPECT_EQ(references[1].name, "code frequencies");
  EXPECT_LT((references[1].prediction - expected * is_asked).abs().max().item<double>(), 1e-12);
}

TEST_F(BeitTest, PicturesShowCodesInTheUnitsOwnStatistics) {
  const Question question = task_.ask(batch(2, /*training=*/false), /*training=*/false);
  const auto rows = task_.pictures(answer(question), question);
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_EQ(rows[0].size(), task_.picture_titles().size());
  // A hidden unit of the right code: the code's pixels, brought to the mean and deviation of what is hidden.
  const int64_t cell = question.batch.arrays.at("hidden").values[0].item<int64_t>(), y = cell / 3 * 8, x = cell % 3 * 8;
  const at::Tensor pixels = question.units[cell].flatten();
  const at::Tensor codes = at::tensor(read_codebook(small_codebook()).codes).view({kSmallCodes, 192});
  const at::Tensor code = codes[task_.codes_of(pixels.unsqueeze(0)).item<int64_t>()];
  const double red = (code[0] * pixels.std() + pixels.mean()).item<double>() * 0.229 * 255 + 0.485 * 255;
  EXPECT_NEAR(rows[0][3].row(y)[3 * x], std::clamp(red, 0.0, 255.0), 1);
  EXPECT_EQ(rows[0][0].row(y)[3 * x], 124);  // masked: ImageNet's mean
  EXPECT_NE(rows[0][1], rows[0][2]);
  const Sample sample{0, "noise 0", noise_image(kSampleSize, kSampleSize, 0), {}};
  EXPECT_EQ(rows[0][4], task_.prepare(sample, {5, 0, 0}, {0, 0}, /*training=*/false).at(0).image);
}

TEST(BeitErrors, AreLines) {
  const EncoderShape small = small_model_shape().encoder;
  BeitConfig config = small_config(BeitConfig());
  const auto message_of = [&](const EncoderShape& shape) -> std::string {
    try {
      const Beit task(config, shape, 64);
    } catch (const Error& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_EQ(message_of(small), "");
  EXPECT_THAT(
      message_of(VitShape{.patch = 16, .unit = 1}),
      HasSubstr("task.codebook: has codes of 8 px, but units of the encoder have 16 px (got " + config.codebook + ")"));
  config.codebook = "/nowhere/codebook.safetensors";
  EXPECT_EQ(message_of(small),
            "/nowhere/codebook.safetensors: is not there; glid_data codebook --data DIR --out FILE makes a codebook");
}

// Golden.

constexpr double kTolerance = 1e-5;

TEST(BeitGolden, EqualsTransformers) {
  const Json golden = read_golden("beit.json").at("model");
  const std::vector<int64_t> sizes = int64s_of(golden.at("image_shape"));
  const int64_t patch = golden.at("patch").as_int(), size_px = sizes[1], num_codes = golden.at("num_codes").as_int();
  ModelShape shape;
  shape.encoder = VitShape{.channels = golden.at("channels").as_int(),
                           .depth = golden.at("depth").as_int(),
                           .heads = golden.at("heads").as_int(),
                           .patch = patch,
                           .unit = 1,
                           .positions = VitPositions::kNone,
                           .relative_bias = BiasSharing::kShared,
                           .grid = size_px / patch,
                           .layer_scale = golden.at("layer_scale").as_double()};
  const TemporaryFolder folder;
  const at::Tensor codes = formula_tensor("codes", {num_codes, 3 * patch * patch});
  BeitConfig config;
  config.codebook = (folder.path() / "codes.safetensors").string();
  write_codebook(config.codebook,
                 {patch, {codes.const_data_ptr<float>(), codes.const_data_ptr<float>() + codes.numel()}, {}}, {});
  const Beit task(config, shape.encoder, size_px);
  Glid model(shape, task.spec());
  const at::NoGradGuard no_grad;
  for (auto& [name, parameter] : named_parameters(model)) parameter.copy_(formula_tensor(name, parameter.sizes()));
  model.to(at::kDouble);

  const at::Tensor images = ((formula_tensor("input", sizes) + 1) * 128).floor().to(at::kByte);
  std::vector<NamedPicture> pictures;
  std::vector<int64_t> expected_codes;
  for (int64_t b = 0; b < sizes[0]; ++b) {
    const uint8_t* data = images[b].const_data_ptr<uint8_t>();
    std::vector<int64_t> hidden = int64s_of(golden.at("hidden").as_array()[static_cast<size_t>(b)]);
    PreparedImage prepared{.image = {size_px, size_px, {data, data + images[b].numel()}},
                           .placement = Placement(size_px, size_px)};
    prepared.arrays["hidden"] = {{std::ssize(hidden)}, std::move(hidden)};
    pictures.push_back({{0, 0, b}, "image", std::move(prepared)});
    std::ranges::copy(int64s_of(golden.at("codes").as_array()[static_cast<size_t>(b)]), std::back_inserter(expected_codes));
  }
  const Question question = task.ask(make_batch(std::move(pictures), patch, fresh_bytes), /*training=*/false);
  const auto answers = model.forward(question.units.to(at::kDouble), question.view, question.queries);
  const at::Tensor targets = question.targets.at("codes"), is_asked = targets.ge(0);
  EXPECT_TRUE(at::equal(targets.masked_select(is_asked), at::tensor(expected_codes)));
  EXPECT_NEAR(losses_by_name(task, answers, question).at("total").at(0), golden.at("loss").as_double(), kTolerance);
  const at::Tensor logits = answers[0].at("codes")[0].masked_select(is_asked.unsqueeze(2)).view({-1, num_codes});
  expect_matches(golden.at("logits"), logits, kTolerance, "logits");
}

}  // namespace
}  // namespace glid
