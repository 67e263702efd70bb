#include "glid/tasks/simmim.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/batches.h"
#include "support/every_task.h"
#include "support/plans.h"

namespace glid {
namespace {

class SimmimTest : public testing::Test {
 protected:
  SimmimTest() : task_({}, small_model_shape().encoder, kSampleSize), model_(small_model_shape(), task_.spec()) {
    initialise_randomly(model_);
    model_.to(at::kDouble);
  }
  Batch batch() const {
    return batch_of(0, 2, kSampleSize, 8, [&](const auto&... about) { return task_.prepare(about..., /*training=*/true); });
  }
  at::Tensor answer(const Question& question) const {
    return model_.forward(question.units.to(at::kDouble), question.view, question.queries).at(0).at("pixels")[0];
  }
  at::Tensor rows_hidden(const Question& question) const {
    return hidden_units_of(question.batch, question.view.plan).at(0).rows;
  }

  Swin& swin() const { return dynamic_cast<Swin&>(*model_.encoder); }

  Simmim task_;
  Glid model_;
};

TEST_F(SimmimTest, ModelHasAnEncoderWithAMaskTokenAndAHead) {
  for (const auto& [name, parameter] : named_parameters(model_))
    EXPECT_TRUE(name.starts_with("encoder.") || name.starts_with("heads.pixels.")) << name;
  EXPECT_EQ(swin().mask_token.sizes(), (std::vector<int64_t>{8}));
  EXPECT_EQ(model_.bifpn, nullptr);
  EXPECT_EQ(swin().norms[0], nullptr);
}

TEST_F(SimmimTest, LossIsTheMeanAbsoluteErrorOfHiddenPixels) {
  const Question question = task_.ask(batch(), /*training=*/true);
  const at::Tensor& target = question.targets.at("pixels");
  EXPECT_EQ(target.sizes(), (std::vector<int64_t>{2, 6, 192}));  // 60 % of 9 units, rounded up
  EXPECT_EQ(task_.counts(question.batch).at("units"), (std::vector<double>{6, 6}));
  const at::Tensor raw = question.units.flatten(1).index_select(0, rows_hidden(question)).view({2, 6, 192});
  EXPECT_TRUE(at::equal(target, raw));
  const at::Tensor pixels = answer(question);
  const LossTerm term = task_.losses(std::vector<Answer>{{{{"pixels", pixels.unsqueeze(0)}}, {}}}, question).terms.at(0);
  EXPECT_NEAR(term.sum.item<double>() / 12, (pixels - target).abs().mean().item<double>(), 1e-12);
}

// Replaced patches, written out.
TEST_F(SimmimTest, HiddenPatchesAreTheTokenAfterTheEmbedding) {
  Question question = task_.ask(batch(), /*training=*/true);
  const at::Tensor masked = answer(question);
  const auto& embed = *swin().patch_embed;
  const at::NoGradGuard no_grad;
  const at::Tensor rows = rows_hidden(question), units = question.units.to(at::kDouble);
  // An embedding that gives the token whatever the patch: the norm of nothing plus its bias.
  const at::Tensor token = embed.norm->forward(at::zeros({1, 8}, at::kDouble))[0];
  swin().mask_token.copy_(token);
  const at::Tensor with_token = answer(question);
  const at::Tensor bias = embed.proj->bias.clone();
  embed.proj->bias.zero_();
  question.view.replaced_units = at::Tensor();
  question.units = units.index_fill(0, rows, 0);
  const at::Tensor unmasked = answer(question);
  question.view.replaced_units = rows;
  EXPECT_LT((answer(question) - unmasked).abs().max().item<double>(), 1e-10);
  embed.proj->bias.copy_(bias);
  EXPECT_FALSE(at::allclose(with_token, masked));
}

TEST_F(SimmimTest, PredictorsThatNeverLearnAreScoredAsTheModelIs) {
  for (const Reference& reference : task_.references(task_.ask(batch(), /*training=*/false))) {
    EXPECT_TRUE(reference.absolute) << reference.name;
    EXPECT_EQ(reference.prediction.sizes(), reference.target.sizes()) << reference.name;
    EXPECT_EQ(reference.counts, (std::vector<double>{6 * 192, 6 * 192})) << reference.name;
  }
}

}  // namespace
}  // namespace glid
