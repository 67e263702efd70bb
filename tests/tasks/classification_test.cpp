#include "glid/tasks/classification.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"
#include "support/batches.h"
#include "support/plans.h"
#include "support/small_run.h"

namespace glid {
namespace {

TaskContext context_of(int64_t num_classes) {
  TaskContext context{small_model_shape(), 24, {}};
  for (int64_t c = 0; c < num_classes; ++c) context.vocabulary.images.push_back({c, "class " + std::to_string(c)});
  return context;
}

Batch labelled_batch(const Classification& task, const std::vector<int64_t>& labels) {
  std::vector<NamedPicture> pictures;
  for (int64_t id = 0; id < std::ssize(labels); ++id) {
    const Sample sample{id, "labelled", noise_image(30, 40, id), {.label = labels[static_cast<size_t>(id)]}};
    for (PreparedImage& image : task.prepare(sample, {5, 0, id}, {0, id}, /*training=*/false))
      pictures.push_back({{5, 0, id}, sample.name, std::move(image)});
  }
  return make_batch(std::move(pictures), 8, fresh_bytes);
}

// -(1 - s) log p_y - s / K sum log p, written out.
TEST(Classification, LossIsTheSmoothedCrossEntropy) {
  const Classification task({.smoothing = 0.3}, context_of(3));
  const Question question = task.ask(labelled_batch(task, {2, 0}), /*training=*/false);
  const at::Tensor logits = at::tensor({0.5, -1.0, 2.0, 0.1, 0.2, 0.3}, at::kDouble).view({1, 2, 1, 3});
  const std::vector<Answer> answers{{.heads = {{"class", logits}}}};
  const LossTerm term = task.losses(answers, question).terms.at(0);
  const std::vector<std::vector<double>> x{{0.5, -1.0, 2.0}, {0.1, 0.2, 0.3}};
  const std::vector<size_t> y{2, 0};
  for (size_t i = 0; i < 2; ++i) {
    const double log_sum = std::log(std::exp(x[i][0]) + std::exp(x[i][1]) + std::exp(x[i][2]));
    double expected = (1 - 0.3) * (log_sum - x[i][y[i]]);
    for (const double logit : x[i]) expected += 0.3 / 3 * (log_sum - logit);
    EXPECT_NEAR(term.by_image[static_cast<int64_t>(i)].item<double>(), expected, 1e-12);
  }
  EXPECT_NEAR(term.sum.item<double>(), term.by_image.sum().item<double>(), 1e-12);
  EXPECT_EQ(task.counts(question.batch).at("images"), (std::vector<double>{1, 1}));
}

// What equal logits cost, smoothed or not.
TEST(Classification, EqualClassesAreTheBar) {
  const Classification task({.smoothing = 0.3}, context_of(3));
  const Question question = task.ask(labelled_batch(task, {2, 0}), /*training=*/false);
  const std::vector<Answer> equal{{.heads = {{"class", at::full({1, 2, 1, 3}, 0.7, at::kDouble)}}}};
  const Reference reference = task.references(question).at(0);
  EXPECT_TRUE(
      at::allclose((reference.prediction - reference.target).sum(1), task.losses(equal, question).terms.at(0).by_image));
  EXPECT_TRUE(reference.absolute);
}

TEST(Classification, ClsAnswersAsItDoesAmongOthers) {
  const Classification task({}, context_of(3));
  const auto model = std::make_shared<Glid>(small_model_shape(), task.spec());
  initialise_randomly(*model);
  model->to(at::kDouble);
  const auto answer = [&](const Question& question) {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  };
  const Batch batch = labelled_batch(task, {2, 0, 1});
  const Question question = task.ask(batch, /*training=*/false);
  const std::vector<Answer> answers = answer(question);
  const std::vector<Prediction> predictions = task.predict({batch, question, answers});
  ASSERT_EQ(predictions.size(), 3u);
  EXPECT_EQ(predictions[0].height, 30);
  const Question alone = task.ask(labelled_batch(task, {2}), /*training=*/false);
  const at::Tensor own = answer(alone)[0].at("class")[0][0][0].softmax(0);
  for (int64_t c = 0; c < 3; ++c)
    EXPECT_NEAR(predictions[0].label_scores[static_cast<size_t>(c)], own[c].item<double>(), 1e-9);
}

// As Swin classifies: no BiFPN, no decoder, the head on the mean of the last tokens.
TEST(Supervised, TheMeanOfTheLastTokensAnswers) {
  const Classification task(SupervisedConfig(), context_of(3));
  Glid model(small_model_shape(), task.spec());
  for (const auto& [name, parameter] : named_parameters(model))
    EXPECT_TRUE(name.starts_with("encoder.") || name.starts_with("heads.class.")) << name;
  initialise_randomly(model);
  model.to(at::kDouble);
  const Question question = task.ask(labelled_batch(task, {2, 0}), /*training=*/false);
  const at::Tensor units = question.units.to(at::kDouble);
  const at::Tensor tokens = model.encoder->last_tokens(units, question.view).tokens;  // [2 * 9, C]
  const at::Tensor expected = model.heads->heads[0]->forward(tokens.view({2, 9, -1}).mean(1));
  const at::Tensor got = model.forward(units, question.view, question.queries).at(0).at("class");
  ASSERT_EQ(got.sizes(), (std::vector<int64_t>{1, 2, 1, 3}));
  EXPECT_LT((got[0].squeeze(1) - expected).abs().max().item<double>(), 1e-12);
}

TEST(Supervised, MixedPicturesHaveTheLossesOfBothClasses) {
  SupervisedConfig config;
  config.mixing = {.mixup = 0.8};
  const Classification task(config, context_of(3));
  const Batch batch = labelled_batch(task, {2, 0, 1, 1});
  EXPECT_FALSE(task.ask(batch, /*training=*/false).targets.contains("classes"));
  const Question question = task.ask(batch, /*training=*/true);
  const std::vector<PairMix> mixes = draw_mixes(config.mixing, batch, 24);
  const at::Tensor logits = at::randn({1, 4, 1, 3}, at::kDouble);
  const LossTerm term = task.losses(std::vector<Answer>{{.heads = {{"class", logits}}}}, question).terms.at(0);
  const auto loss = [&](int64_t i, int64_t label) {  // of one label
    return at::cross_entropy_loss(logits[0][i], at::tensor({label}), {}, at::Reduction::Mean, -100, 0.1).item<double>();
  };
  const double share = mixes[0].weight;
  EXPECT_NEAR(term.by_image[0].item<double>(), share * loss(0, 2) + (1 - share) * loss(0, 0), 1e-6);
  EXPECT_NEAR(term.by_image[1].item<double>(), share * loss(1, 0) + (1 - share) * loss(1, 2), 1e-6);
  EXPECT_NEAR(term.by_image[3].item<double>(), loss(3, 1), 1e-6);
}

TEST(Classification, NeedsClasses) {
  EXPECT_THROW(Classification({}, context_of(0)), UsageError);
  const Classification task({}, context_of(2));
  EXPECT_THROW(task.prepare({0, "x", noise_image(24, 24, 0), {}}, {}, {}, true), DataError);
}

}  // namespace
}  // namespace glid
