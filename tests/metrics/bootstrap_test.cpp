#include "glid/metrics/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>

#include "glid/core/error.h"
#include "glid/core/format.h"
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
    Rng image(0, 0, static_cast<uint64_t>(i), RandomOp::kExample);
    Rng own(model, 1, static_cast<uint64_t>(i), RandomOp::kExample);
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

double half_width(const SampledValue& value, double confidence) {
  const Interval interval = interval_of(value.samples, confidence).value();
  return (interval.high - interval.low) / 2;
}

// The mean of n independent numbers of deviation s is within 1.96 s / sqrt(n), 19 times of 20; within s / sqrt(n) two of 3.
TEST(Bootstrap, GivesTheIntervalOfAMeanThatTheNormalDistributionGives) {
  const Bootstrap found = bootstrap(losses(3, 1), {.num_samples = 4000});
  const double deviation = std::sqrt(1.01 / kNumImages);
  ASSERT_EQ(found.values.size(), 1);
  EXPECT_EQ(found.num_images, kNumImages);
  EXPECT_NEAR(half_width(found.values[0], 0.95), 1.96 * deviation, 0.2 * deviation);
  EXPECT_NEAR(half_width(found.values[0], 0.6827), deviation, 0.1 * deviation);
}

TEST(Bootstrap, GivesTheIntervalOfAShare) {
  const Bootstrap found = bootstrap(right_of(300, 400), {.num_samples = 4000});
  const double expected = 1.96 * std::sqrt(0.75 * 0.25 / 400);
  const Interval top1 = interval_of(found.values[0].samples, 0.95).value();
  EXPECT_NEAR(top1.low, 0.75 - expected, 0.01);
  EXPECT_NEAR(top1.high, 0.75 + expected, 0.01);
}

TEST(Bootstrap, OfPairsSeesDifferencesThatTheIntervalsOfEachHide) {
  const Bootstrap a = bootstrap(losses(3, 1), {}), b = bootstrap(losses(3.05, 2), {});
  EXPECT_LT(interval_of(b.values[0].samples, 0.95)->low, interval_of(a.values[0].samples, 0.95)->high);
  const auto found = differences(a, b, 0.95);
  ASSERT_EQ(found.size(), 1);
  EXPECT_EQ(found[0].name, "loss");
  EXPECT_EQ(found[0].better, Better::kLower);
  EXPECT_DOUBLE_EQ(found[0].difference.value(), *b.values[0].value - *a.values[0].value);
  EXPECT_TRUE(found[0].is_significant());
  EXPECT_NEAR(found[0].interval->high - found[0].interval->low, 2 * 1.96 * std::sqrt(0.02 / kNumImages), 0.005);
  const auto none = differences(a, a, 0.95);
  EXPECT_EQ(none[0].interval->low, 0);
  EXPECT_EQ(none[0].interval->high, 0);
  EXPECT_FALSE(none[0].is_significant());
}

TEST(Bootstrap, DependsOnTheSeedAndNotOnTheThreads) {
  const MeanLoss metric = losses(3, 1);
  const Bootstrap one = bootstrap(metric, {});
  EXPECT_EQ(bootstrap(metric, {.num_threads = 2}).values[0].samples, one.values[0].samples);
  EXPECT_NE(bootstrap(metric, {.seed = 1}).values[0].samples, one.values[0].samples);
}

TEST(Bootstrap, SaysNothingWithoutImages) {
  for (const SampledValue& value : bootstrap(Accuracy(), {}).values) {
    EXPECT_FALSE(value.value);
    EXPECT_FALSE(interval_of(value.samples, 0.95));
  }
  EXPECT_THROW(bootstrap(right_of(3, 5), {.num_samples = 0}), std::invalid_argument);
}

TEST(Bootstrap, ComparesOnlyWhatIsAlike) {
  const Bootstrap some = bootstrap(right_of(3, 5), {});
  Accuracy others;
  for (int i = 1; i < 6; ++i) others.add(std::to_string(i), std::vector<double>{0.6, 0.4}, 0);
  EXPECT_THROW(differences(some, bootstrap(right_of(3, 4), {}), 0.95), DataError);
  EXPECT_THROW(differences(some, bootstrap(others, {}), 0.95), DataError);
  EXPECT_THROW(differences(some, bootstrap(right_of(3, 5), {.seed = 1}), 0.95), DataError);
  EXPECT_NO_THROW(differences(some, bootstrap(right_of(4, 5), {}), 0.95));
}

// As of one set that two programs list in other orders.
TEST(Bootstrap, PairsImagesByTheirNames) {
  const MeanLoss metric = losses(3, 1);
  MeanLoss backwards;  // image i stands as far from the end as from the beginning
  ImageNames forward_names, backward_names;
  for (size_t i = 0; i < kNumImages; ++i) {
    Rng image(0, 0, i, RandomOp::kExample), own(1, 1, i, RandomOp::kExample);  // as losses() draws them
    const std::string key = std::to_string(i), other = std::to_string(kNumImages - 1 - i);
    backwards.add(other, {{"l", 1}}, {{3 + image.normal() + 0.1 * own.normal(), 1}});
    forward_names[key] = backward_names[other] = format("image {:03}", i);
  }
  const Bootstrap a = bootstrap(metric, {.names = forward_names}), b = bootstrap(backwards, {.names = backward_names});
  EXPECT_EQ(a.images, b.images);
  ASSERT_EQ(a.values[0].samples.size(), b.values[0].samples.size());
  for (size_t i = 0; i < a.values[0].samples.size(); ++i)
    ASSERT_NEAR(a.values[0].samples[i], b.values[0].samples[i], 1e-12) << i;
  EXPECT_THROW(differences(a, bootstrap(metric, {}), 0.95), DataError);
}

// Sample i of a seed is the same drawing.
TEST(Bootstrap, OfFewerSamplesIsComparedWithTheFirstOfTheOther) {
  const MeanLoss a = losses(3, 1), b = losses(3.05, 2);
  const Bootstrap few = bootstrap(b, {.num_samples = 100});
  const Interval with_many = differences(bootstrap(a, {.num_samples = 300}), few, 0.95)[0].interval.value();
  const Interval with_few = differences(bootstrap(a, {.num_samples = 100}), few, 0.95)[0].interval.value();
  EXPECT_EQ(with_many.low, with_few.low);
  EXPECT_EQ(with_many.high, with_few.high);
}

TEST(MetricDifference, IsNoneWhereTheIntervalContradictsIt) {
  const MetricDifference found{"AP", 0.5, 0.4, -0.1, Interval{0.1, 0.2}, Better::kHigher};
  EXPECT_FALSE(found.is_significant());
}

TEST(Intervals, LieBetweenTheOrderStatistics) {
  const Interval middle = interval_of({5, 1, 2, 4, 3}, 0.5).value();
  EXPECT_DOUBLE_EQ(middle.low, 2);
  EXPECT_DOUBLE_EQ(middle.high, 4);
  EXPECT_DOUBLE_EQ(interval_of({0, 1}, 0.5)->low, 0.25);
  EXPECT_FALSE(interval_of({}, 0.5));
  EXPECT_FALSE(interval_of({1, std::nan("")}, 0.5));
  EXPECT_THROW(interval_of({1}, 1), std::invalid_argument);
}

}  // namespace
}  // namespace glid
