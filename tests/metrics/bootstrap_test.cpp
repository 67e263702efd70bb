#include "glid/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"
#include "glid/core/rng.h"
#include "glid/metrics/accuracy.h"
#include "glid/metrics/mean_loss.h"

namespace glid {
namespace {

constexpr int kNumImages = 400;

// Images whose losses are `shift` plus what is hard in the image plus a little of the model's own.
MeanLoss losses(double shift, uint64_t model) {
  MeanLoss metric;
  for (int i = 0; i < kNumImages; ++i) {
    Rng image(0, 0, static_cast<uint64_t>(i), RandomOp::kExample), own(model, 1, static_cast<uint64_t>(i), RandomOp::kExample);
    metric.add(std::to_string(i), {{"l", 1}}, {{shift + image.normal() + 0.1 * own.normal(), 1}});
  }
  return metric;
}

Accuracy right_of(int num_right, int num_images) {
  Accuracy metric;
  const std::vector<double> scores{0.6, 0.4};
  for (int i = 0; i < num_images; ++i) metric.add(std::to_string(i), scores, i < num_right ? 0 : 1);
  return metric;
}

// The mean of n independent numbers of deviation s is within 1.96 s / sqrt(n), 19 times of 20.
TEST(Bootstrap, GivesTheIntervalOfAMeanThatTheNormalDistributionGives) {
  const auto intervals = bootstrap(losses(3, 1), {.num_samples = 4000});
  const double expected = 1.96 * std::sqrt(1.01 / kNumImages);
  ASSERT_EQ(intervals.size(), 1);
  ASSERT_TRUE(intervals[0]);
  EXPECT_NEAR((intervals[0]->high - intervals[0]->low) / 2, expected, 0.1 * expected);
  const double half = (bootstrap(losses(3, 1), {.num_samples = 4000, .confidence = 0.6827})[0]->high -
                       bootstrap(losses(3, 1), {.num_samples = 4000, .confidence = 0.6827})[0]->low) / 2;
  EXPECT_NEAR(half, expected / 1.96, 0.1 * expected);
}

TEST(Bootstrap, GivesTheIntervalOfAShare) {
  const auto intervals = bootstrap(right_of(300, 400), {.num_samples = 4000});
  const double expected = 1.96 * std::sqrt(0.75 * 0.25 / 400);
  ASSERT_TRUE(intervals[0]);
  EXPECT_NEAR(intervals[0]->low, 0.75 - expected, 0.01);
  EXPECT_NEAR(intervals[0]->high, 0.75 + expected, 0.01);
}

TEST(Bootstrap, OfPairsSeesDifferencesThatTheIntervalsOfEachHide) {
  const MeanLoss a = losses(3, 1), b = losses(3.05, 2);
  const auto of_a = bootstrap(a, {}), of_b = bootstrap(b, {});
  EXPECT_LT(of_b[0]->low, of_a[0]->high);
  const auto differences = paired_bootstrap(a, b, {});
  ASSERT_EQ(differences.size(), 1);
  EXPECT_EQ(differences[0].name, "loss");
  EXPECT_EQ(differences[0].better, Better::kLower);
  EXPECT_DOUBLE_EQ(*differences[0].difference, *differences[0].b - *differences[0].a);
  EXPECT_TRUE(differences[0].is_significant());
  EXPECT_NEAR(differences[0].interval->high - differences[0].interval->low, 2 * 1.96 * std::sqrt(0.02 / kNumImages), 0.005);
  const auto none = paired_bootstrap(a, a, {});
  EXPECT_EQ(none[0].interval->low, 0);
  EXPECT_EQ(none[0].interval->high, 0);
  EXPECT_FALSE(none[0].is_significant());
}

TEST(Bootstrap, DependsOnTheSeedAndNotOnTheThreads) {
  const MeanLoss metric = losses(3, 1);
  const auto one = bootstrap(metric, {}), two = bootstrap(metric, {.num_threads = 2}), other = bootstrap(metric, {.seed = 1});
  EXPECT_EQ(one[0]->low, two[0]->low);
  EXPECT_EQ(one[0]->high, two[0]->high);
  EXPECT_NE(one[0]->low, other[0]->low);
}

TEST(Bootstrap, SaysNothingWithoutImagesAndRefusesOthers) {
  for (const auto& interval : bootstrap(Accuracy(), {})) EXPECT_FALSE(interval);
  EXPECT_THROW(paired_bootstrap(right_of(3, 5), right_of(3, 4), {}), DataError);
  EXPECT_THROW(bootstrap(right_of(3, 5), {.num_samples = 0}), std::invalid_argument);
  EXPECT_THROW(bootstrap(right_of(3, 5), {.confidence = 1}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
