#include "glid/eval/linear_probe.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"

namespace glid {
namespace {

// Three clouds that overlap.
LabelledFeatures clouds(int64_t count, uint64_t seed) {
  at::manual_seed(seed);
  const at::Tensor labels = at::arange(count, at::kLong).remainder(3);
  const at::Tensor centres = at::tensor({0.0, 0.0, 0.0, 2.0, 2.0, 0.0}, at::kFloat).view({3, 2});
  return {centres.index_select(0, labels) + at::randn({count, 2}), labels, 3};
}

double cross_entropy(const LinearClassifier& classifier, const LabelledFeatures& images) {
  return at::cross_entropy_loss(classifier.logits(images.features), images.labels).item<double>();
}

double objective(const LinearClassifier& classifier, const LabelledFeatures& images, double penalty) {
  return cross_entropy(classifier, images) + penalty / 2 * classifier.weight.square().sum().item<double>();
}

// By numerical differences, which know nothing of how it was found.
TEST(LinearProbe, NoStepImprovesTheMinimum) {
  const LabelledFeatures images = clouds(200, 1);
  for (const double penalty : {1.0, 1e-2, 1e-4}) {
    LinearClassifier found = fit_linear(images, penalty);
    const double least = objective(found, images, penalty);
    for (at::Tensor* parameter : {&found.weight, &found.bias})
      for (int64_t i = 0; i < parameter->numel(); ++i)
        for (const double step : {-1e-3, 1e-3}) {
          parameter->view(-1)[i] += step;
          EXPECT_GE(objective(found, images, penalty), least) << penalty;
          parameter->view(-1)[i] -= step;
        }
  }
}

// Without features that tell anything the probabilities are the classes' shares.
TEST(LinearProbe, ConstantFeaturesGiveTheShares) {
  const LabelledFeatures images{at::full({8, 2}, 3.0), at::tensor({0, 0, 0, 0, 0, 1, 1, 2}, at::kLong), 3};
  const at::Tensor p = fit_linear(images, 1e-2).logits(images.features).softmax(-1)[0];
  EXPECT_NEAR(p[0].item<double>(), 5. / 8, 1e-5);
  EXPECT_NEAR(p[1].item<double>(), 2. / 8, 1e-5);
  EXPECT_NEAR(p[2].item<double>(), 1. / 8, 1e-5);
}

// Two classes at -1 and 1: W = (-w, w) with w = p(wrong) / penalty, p(wrong) = 1 / (1 + exp(2w)), as the derivative says.
TEST(LinearProbe, TwoPointsHaveTheClosedAnswer) {
  const LabelledFeatures images{at::tensor({-1.0, 1.0}, at::kFloat).view({2, 1}), at::tensor({0, 1}, at::kLong), 2};
  const LinearClassifier found = fit_linear(images, 0.1);
  const double w = found.weight[0][1].item<double>();
  EXPECT_NEAR(found.weight[0][0].item<double>(), -w, 1e-5);
  EXPECT_NEAR(0.1 * w, 1 / (1 + std::exp(2 * w)), 1e-5);
  EXPECT_NEAR(found.bias[0].item<double>(), found.bias[1].item<double>(), 1e-5);
}

// scikit-learn 1.9.1 on the numbers standardised: LogisticRegression(C=1 / (0.05 * 12), tol=1e-12, max_iter=100000); its
// intercepts less their mean, as only differences matter.
TEST(LinearProbe, IsScikitLearns) {
  const at::Tensor x = at::tensor({0, 1, 1, 0, 2, 2, 1, 3, 5, 1, 6, 2, 4, 0, 3, 4, 2, 6, 1, 5, 4, 5, 3, 1}, at::kFloat);
  const LabelledFeatures images{x.view({12, 2}), at::tensor({0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 1}, at::kLong), 3};
  const LinearClassifier found = fit_linear(images, 0.05);
  const at::Tensor weight = at::tensor({-1.204977, 1.11014, 0.094837, -0.561529, -0.942694, 1.504222}, at::kDouble);
  const at::Tensor bias = at::tensor({0.112688, -0.051683, -0.061005}, at::kDouble);
  EXPECT_LT((found.weight - weight.view({2, 3})).abs().max().item<double>(), 1e-4);
  EXPECT_LT((found.bias - found.bias.mean() - bias).abs().max().item<double>(), 1e-4);
  EXPECT_NEAR(objective(found, images, 0.05), 0.3832699602, 1e-8);
}

TEST(LinearProbe, ScalesOfFeaturesDontMatter) {
  LabelledFeatures images = clouds(90, 2);
  const at::Tensor logits = fit_linear(images, 1e-2).logits(images.features);
  LabelledFeatures scaled{images.features * at::tensor({1000.0, 1e-3}, at::kFloat) + 7, images.labels, 3};
  EXPECT_TRUE(at::allclose(fit_linear(scaled, 1e-2).logits(scaled.features), logits, 1e-2, 1e-2));
}

TEST(LinearProbe, SeparableClassesAreToldApart) {
  const at::Tensor labels = at::arange(40, at::kLong).remainder(4);
  const LabelledFeatures images{at::one_hot(labels, 4).to(at::kFloat), labels, 4};
  const LinearClassifier found = fit_linear(images, 1e-4);
  EXPECT_TRUE(found.logits(images.features).argmax(-1).equal(labels));
  EXPECT_TRUE(found.weight.isfinite().all().item<bool>());
}

TEST(LinearProbe, AStartChangesNothingButTheWay) {
  const LabelledFeatures images = clouds(100, 3);
  const LinearClassifier other = fit_linear(images, 1), from_zero = fit_linear(images, 1e-2);
  const LinearClassifier from_other = fit_linear(images, 1e-2, &other);
  EXPECT_TRUE(at::allclose(from_other.weight, from_zero.weight, 1e-3, 1e-3));
}

// Many features that tell nothing: a weak penalty learns them by heart.
TEST(LinearProbe, ThePenaltyIsThatOfTheImagesHeldOut) {
  LabelledFeatures images = clouds(150, 4);
  at::manual_seed(5);
  images.features = at::cat({images.features, at::randn({150, 200})}, 1);
  const ChosenPenalty chosen = choose_penalty(images);
  ASSERT_EQ(chosen.held_out.size(), std::size(kPenalties));
  double best = 0;
  for (size_t i = 0; i < chosen.held_out.size(); ++i) {
    if (kPenalties[i] == chosen.penalty) best = chosen.held_out[i];
    else if (kPenalties[i] > chosen.penalty) EXPECT_EQ(best, 0);  // strongest first
  }
  for (const double value : chosen.held_out) EXPECT_LE(value, best);
  EXPECT_GT(chosen.penalty, 1e-4);
}

TEST(LinearProbe, HeldOutImagesAreNotLearnedFrom) {
  at::manual_seed(6);
  const LabelledFeatures noise{at::randn({80, 100}), at::arange(80, at::kLong).remainder(4), 4};
  const LinearClassifier fitted = fit_linear(noise, kPenalties[std::size(kPenalties) - 1]);
  EXPECT_GT((fitted.logits(noise.features).argmax(1) == noise.labels).to(at::kDouble).mean().item<double>(), 0.95);
  for (const double value : choose_penalty(noise).held_out) EXPECT_LT(value, 0.7);  // a quarter by chance
}

TEST(LinearProbe, NeedsAClassOfFiveImages) {
  const LabelledFeatures images{at::randn({8, 2}), at::arange(8, at::kLong).remainder(2), 2};
  EXPECT_THROW(choose_penalty(images), DataError);
}

}  // namespace
}  // namespace glid
