#include "glid/metrics/mean_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/metrics/blind_losses.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

const std::vector<MeanLoss::Term> kPixels{{"pixels", 1}}, kTwoTerms{{"pixels", 2}, {"class", 0.5}};

std::vector<std::string> names(const Metric& metric) {
  std::vector<std::string> names;
  for (const MetricValue& value : metric.values()) names.push_back(value.name);
  return names;
}

double value(const Metric& metric, size_t i) { return metric.values().at(i).value.value(); }

TEST(MeanLoss, DividesSumsByCountsOverAllImages) {
  MeanLoss metric;
  metric.add("a", kPixels, {{3, 2}});
  metric.add("b", kPixels, {{9, 1}});
  EXPECT_THAT(names(metric), ElementsAre("loss"));
  EXPECT_EQ(value(metric, 0), 4);  // and not the mean of 1.5 and 9
}

TEST(MeanLoss, WeighsTermsAndShowsEach) {
  MeanLoss metric;
  metric.add("a", kTwoTerms, {{3, 2}, {8, 4}});
  EXPECT_THAT(names(metric), ElementsAre("loss", "pixels", "class"));
  EXPECT_EQ(value(metric, 0), 2 * 1.5 + 0.5 * 2);
  EXPECT_EQ(value(metric, 1), 1.5);
  EXPECT_EQ(value(metric, 2), 2);
}

TEST(MeanLoss, LayersOfOneNameAreOneValue) {
  MeanLoss metric;
  metric.add("a", {{"pixels", 1}, {"pixels", 1}, {"class", 1}}, {{3, 1}, {4, 1}, {5, 1}});
  EXPECT_THAT(names(metric), ElementsAre("loss", "pixels", "class"));
  EXPECT_EQ(value(metric, 1), 7);
}

TEST(MeanLoss, ACountOfNothingDividesByOne) {
  MeanLoss metric;
  metric.add("a", kTwoTerms, {{3, 2}, {0, 0}});
  EXPECT_EQ(value(metric, 0), 3);
  EXPECT_EQ(value(metric, 2), 0);
}

TEST(MeanLoss, WithoutImagesHasNoValueButItsName) {
  EXPECT_THAT(names(MeanLoss()), ElementsAre("loss"));
  EXPECT_FALSE(MeanLoss().values()[0].value);
  EXPECT_EQ(MeanLoss().best(), "loss");
}

TEST(MeanLoss, MergedInAnyOrderItIsTheSameToTheBit) {
  MeanLoss whole, parts[3], forwards, backwards;  // the third stays empty
  for (int i = 0; i < 20; ++i) {
    const std::vector<LossPart> part{{0.1 * i, 1}, {1.0 / (i + 3), 1}};
    whole.add(std::to_string(i), kTwoTerms, part);
    parts[i % 2].add(std::to_string(i), kTwoTerms, part);
  }
  for (int i = 0; i < 3; ++i) {
    forwards.merge_bytes(parts[i].to_bytes());
    backwards.merge_bytes(parts[2 - i].to_bytes());
  }
  EXPECT_EQ(forwards.to_bytes(), whole.to_bytes());
  EXPECT_EQ(backwards.to_bytes(), whole.to_bytes());
  EXPECT_EQ(value(forwards, 0), value(whole, 0));
}

TEST(MeanLoss, RefusesOtherTermsRepeatedImagesAndCutBytes) {
  MeanLoss metric, other;
  metric.add("a", kTwoTerms, {{1, 1}, {1, 1}});
  EXPECT_THROW(metric.add("b", kPixels, {{1, 1}}), std::invalid_argument);
  EXPECT_THROW(metric.add("b", kTwoTerms, {{1, 1}}), std::invalid_argument);
  EXPECT_THROW(metric.merge_bytes(metric.to_bytes()), DataError);
  const std::string bytes = metric.to_bytes();
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_THROW(MeanLoss().merge_bytes(bytes.substr(0, size)), std::invalid_argument) << size;
  EXPECT_THROW(BlindLosses().merge_bytes(bytes), std::invalid_argument);
}

TEST(BlindLosses, AreThoseOfTheBestScale) {
  BlindLosses metric;
  // p = 1, 1 and 2, 0 against t = 3, 1 and 4, 0
  metric.add("a", {{"guess", 4, 2, 10, 2}});
  metric.add("b", {{"guess", 8, 4, 16, 2}});
  ASSERT_THAT(metric.values(), SizeIs(1));
  EXPECT_EQ(metric.values()[0].name, "guess");
  EXPECT_EQ(metric.values()[0].value, (26 - 12.0 * 12 / 6) / 4);
}

TEST(BlindLosses, OfARankWithoutImagesNothingIsAsked) {
  BlindLosses full, merged;
  full.add("a", {{"zero", 0, 0, 10, 2}, {"guess", 4, 2, 10, 2}});
  merged.merge_bytes(BlindLosses().to_bytes());
  merged.merge_bytes(full.to_bytes());
  EXPECT_THAT(names(merged), ElementsAre("zero", "guess"));
  EXPECT_EQ(value(merged, 0), 5);
  EXPECT_THAT(BlindLosses().values(), SizeIs(0));
}

}  // namespace
}  // namespace glid
