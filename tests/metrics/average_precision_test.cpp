#include "glid/metrics/average_precision.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>

#include "glid/core/rng.h"

namespace glid {
namespace {

constexpr double kNear = 1e-12;

// An image as a table of similarities [detection][truth].
struct Picture {
  std::vector<ApTruth> truths;
  std::vector<ApDetection> detections;
  std::vector<std::vector<double>> similarity;

  ApImage at(int64_t image) const {
    return {image, truths, detections,
            [this](size_t detection, size_t truth) { return similarity.at(detection).at(truth); }};
  }
};

const ApTruth kTruth{500};
const ApTruth kCrowd{.area = 500, .is_crowd = true};
const ApTruth kIgnored{.area = 500, .is_ignored = true};

ApDetection scored(double score, int32_t category = 0) { return {score, 500, category}; }

// `num_false` detections without a match from score 1 downwards, then one that matches the only truth.
Picture late_hit(int num_false, int32_t category = 0) {
  Picture picture{{{500, category}}, {}, {}};
  for (int i = 0; i < num_false; ++i) {
    picture.detections.push_back(scored(1 - i * 1e-3, category));
    picture.similarity.push_back({.1});
  }
  picture.detections.push_back(scored(.1, category));
  picture.similarity.push_back({1});
  return picture;
}

ApResult evaluate(const std::vector<Picture>& pictures,
                  const ApParameters& parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox),
                  int64_t num_categories = 1) {
  ApAccumulator accumulator(parameters, num_categories);
  for (size_t i = 0; i < pictures.size(); ++i) accumulator.add(pictures[i].at(static_cast<int64_t>(i)));
  return accumulator.finish(static_cast<int64_t>(pictures.size()));
}

double number(const ApResult& result, const std::string& name, std::optional<size_t> category = {}) {
  for (const MetricValue& number : ap_numbers(result, category)) {
    if (number.name == name) return number.value.value_or(-1);
  }
  throw std::out_of_range(name);
}

std::vector<std::string> names(const ApResult& result) {
  std::vector<std::string> names;
  for (const MetricValue& number : ap_numbers(result)) names.push_back(number.name);
  return names;
}

TEST(AveragePrecision, OfficialNames) {
  EXPECT_THAT(names(evaluate({})),
              testing::ElementsAre("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"));
  EXPECT_THAT(names(evaluate({}, ap_parameters(ApProtocol::kCoco, CocoKind::kKeypoint))),
              testing::ElementsAre("AP", "AP50", "AP75", "APm", "APl", "AR", "AR50", "AR75", "ARm", "ARl"));
  ApParameters own = ap_parameters(ApProtocol::kCoco, CocoKind::kMask);
  own.max_dets = {7};
  own.area_ranges = {{"tiny", 0, 10}, {"all", 0, 100}};
  EXPECT_THAT(names(evaluate({}, own)), testing::ElementsAre("AP", "AP50", "AP75", "AP_tiny", "AR7", "AR_tiny"));
}

TEST(AveragePrecision, InterpolationByHand) {
  // Hit, false, hit of two truths: precision 1 up to recall .5, then 2/3.
  const Picture picture{{kTruth, kTruth}, {scored(.9), scored(.8), scored(.7)}, {{1, 0}, {0, 0}, {0, 1}}};
  EXPECT_NEAR(number(evaluate({picture}), "AP"), (51 + 50 * 2. / 3) / 101, kNear);
  EXPECT_NEAR(number(evaluate({picture}, ap_parameters(ApProtocol::kVoc11Point, CocoKind::kBox)), "AP"),
              (6 + 5 * 2. / 3) / 11, kNear);
  EXPECT_NEAR(number(evaluate({picture}, ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kBox)), "AP50"), (1 + 2. / 3) / 2,
              kNear);
}

TEST(AveragePrecision, CurveIsNeverIncreasing) {
  // False, hit, hit: precision 0, 1/2, 2/3 becomes 2/3 everywhere.
  const Picture picture{{kTruth, kTruth}, {scored(.9), scored(.8), scored(.7)}, {{0, 0}, {1, 0}, {0, 1}}};
  const ApResult result = evaluate({picture});
  const size_t first = result.cell(0, 0, 2) * result.parameters.recall_points.size();
  for (size_t i = 0; i <= 100; ++i) EXPECT_NEAR(result.precision[first + i], 2. / 3, kNear) << i;
  EXPECT_EQ(result.recall[result.cell(0, 0, 2)], 1);
}

TEST(AveragePrecision, TruthsWithoutDetectionsGiveZero) {
  const ApResult result = evaluate({{{kTruth}, {}, {}}}, ap_parameters(ApProtocol::kCoco, CocoKind::kBox), 2);
  EXPECT_EQ(number(result, "AP"), 0);
  EXPECT_EQ(number(result, "AR100"), 0);
  EXPECT_EQ(number(result, "AP", 0), 0);
  EXPECT_EQ(number(result, "AP", 1), -1);
  EXPECT_EQ(number(result, "APs"), 0);
  EXPECT_EQ(number(result, "APl"), -1);
  EXPECT_EQ(result.num_truths, (std::vector<int64_t>{1, 1, 0, 0, 0, 0, 0, 0}));
}

TEST(AveragePrecision, DetectionsWithoutTruthsGiveNothing) {
  for (const ApResult& result :
       {evaluate({{{}, {scored(.5)}, {{}}}}), evaluate({{{kCrowd}, {scored(.5)}, {{1}}}}), evaluate({})}) {
    for (const MetricValue& number : ap_numbers(result)) EXPECT_FALSE(number.value) << number.name;
    for (double value : result.precision) EXPECT_EQ(value, -1);
  }
}

TEST(AveragePrecision, OneHundredOfAClassAndImage) {
  EXPECT_NEAR(number(evaluate({late_hit(99)}), "AP"), .01, kNear);
  EXPECT_EQ(number(evaluate({late_hit(100)}), "AP"), 0);
  EXPECT_EQ(evaluate({late_hit(100)}).num_detections, std::vector<int64_t>{100});
  EXPECT_EQ(number(evaluate({late_hit(10)}), "AR10"), 0);
  EXPECT_EQ(number(evaluate({late_hit(9)}), "AR10"), 1);
}

TEST(AveragePrecision, ThreeHundredOfThreeClassesAllCount) {
  Picture all;
  for (int32_t category = 0; category < 3; ++category) {
    const Picture one = late_hit(99, category);
    all.truths.push_back(one.truths[0]);
    all.detections.insert(all.detections.end(), one.detections.begin(), one.detections.end());
    for (const auto& row : one.similarity) all.similarity.push_back({row[0], row[0], row[0]});
  }
  EXPECT_NEAR(number(evaluate({all}, ap_parameters(ApProtocol::kCoco, CocoKind::kBox), 3), "AP"), .01, kNear);
}

TEST(AveragePrecision, LimitsOfDetections) {
  const Picture picture{{kTruth, kTruth}, {scored(.9), scored(.8)}, {{1, 0}, {0, 1}}};
  const ApResult result = evaluate({picture});
  EXPECT_EQ(number(result, "AR1"), .5);
  EXPECT_EQ(number(result, "AR10"), 1);
}

TEST(AveragePrecision, EqualScoresRankByImageThenInput) {
  const Picture hit{{kTruth}, {scored(.5)}, {{1}}}, miss{{}, {scored(.5)}, {{}}};
  EXPECT_NEAR(number(evaluate({miss, hit}), "AP"), .5, kNear);
  EXPECT_NEAR(number(evaluate({hit, miss}), "AP"), 1, kNear);
  EXPECT_NEAR(number(evaluate({{{kTruth}, {scored(.5), scored(.5)}, {{0}, {1}}}}), "AP"), .5, kNear);
  EXPECT_NEAR(number(evaluate({{{kTruth}, {scored(.5), scored(.5)}, {{1}, {0}}}}), "AP"), 1, kNear);
}

TEST(AveragePrecision, ThresholdsIncludeTheirValue) {
  const auto ap = [](double similarity) { return number(evaluate({{{kTruth}, {scored(.5)}, {{similarity}}}}), "AP"); };
  EXPECT_NEAR(ap(.5), .1, kNear);
  EXPECT_NEAR(ap(.49999999), 0, kNear);
  EXPECT_NEAR(ap(0.8999999999999999), .9, kNear);  // 0.9 is above the threshold
  EXPECT_NEAR(ap(1), 1, kNear);
}

TEST(AveragePrecision, ThresholdOneIsMetByRounding) {
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  parameters.iou_thresholds = {1};
  EXPECT_NEAR(number(evaluate({{{kTruth}, {scored(.5)}, {{1 - 1e-11}}}}, parameters), "AP"), 1, kNear);
  EXPECT_EQ(number(evaluate({{{kTruth}, {scored(.5)}, {{1 - 1e-9}}}}, parameters), "AP"), 0);
}

TEST(AveragePrecision, LimitsOfAreaBelongToBothRanges) {
  const auto ap = [](double area, const char* name) { return number(evaluate({{{{area}}, {scored(.5)}, {{1}}}}), name); };
  EXPECT_NEAR(ap(1024, "APs"), 1, kNear);
  EXPECT_NEAR(ap(1024, "APm"), 1, kNear);
  EXPECT_EQ(ap(1024, "APl"), -1);
  EXPECT_EQ(ap(9216, "APs"), -1);
  EXPECT_NEAR(ap(9216, "APm"), 1, kNear);
  EXPECT_NEAR(ap(9216, "APl"), 1, kNear);
}

TEST(AveragePrecision, UnmatchedOutsideTheRangeIsIgnoredThere) {
  // A large false detection before the small hit.
  const Picture picture{{kTruth}, {{.9, 20'000}, scored(.8)}, {{0}, {1}}};
  EXPECT_NEAR(number(evaluate({picture}), "AP"), .5, kNear);
  EXPECT_NEAR(number(evaluate({picture}), "APs"), 1, kNear);
}

TEST(AveragePrecision, MatchOutsideTheRangeIsIgnoredWithItsTruth) {
  // In "small" the large truth absorbs the detection of small area that found it.
  const Picture picture{{kTruth, {20'000}}, {scored(.9), scored(.8)}, {{0, 1}, {1, 0}}};
  EXPECT_NEAR(number(evaluate({picture}), "APs"), 1, kNear);
}

TEST(AveragePrecision, ATruthThatCountsIsKeptOverOneThatDoesNot) {
  const ApResult result = evaluate({{{kCrowd, kTruth}, {scored(.5)}, {{.9, .6}}}});
  EXPECT_NEAR(number(result, "AP50"), 1, kNear);
  EXPECT_EQ(number(result, "AP75"), 0);  // the crowd absorbs it: no hit and no false one
}

TEST(AveragePrecision, CrowdsAbsorbManyOtherIgnoredTruthsOne) {
  const std::vector<ApDetection> detections = {scored(.9), scored(.8), scored(.7), scored(.6)};
  const std::vector<std::vector<double>> similarity = {{.8, 0}, {.8, 0}, {.8, 0}, {0, 1}};
  EXPECT_NEAR(number(evaluate({{{kCrowd, kTruth}, detections, similarity}}), "AP50"), 1, kNear);
  EXPECT_NEAR(number(evaluate({{{kIgnored, kTruth}, detections, similarity}}), "AP50"), 1. / 3, kNear);
  const ApParameters no_crowd = ap_parameters(ApProtocol::kCocoNoCrowd, CocoKind::kBox);
  EXPECT_NEAR(number(evaluate({{{kCrowd, kTruth}, detections, similarity}}, no_crowd), "AP50"), .25, kNear);
}

TEST(AveragePrecision, OfEqualTruthsTheLaterIsTaken) {
  const Picture picture{{kTruth, kTruth}, {scored(.9), scored(.8)}, {{.7, .7}, {.6, 0}}};
  EXPECT_NEAR(number(evaluate({picture}), "AP50"), 1, kNear);
}

TEST(AveragePrecision, SimilarityIsAskedForKeptPairsOfACategoryOnce) {
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  parameters.max_dets = {2};
  const std::vector<ApTruth> truths = {{500, 0}, {500, 1}};
  const std::vector<ApDetection> detections = {scored(.1, 0), scored(.3, 0), scored(.2, 0), scored(.5, 1)};
  std::map<std::pair<size_t, size_t>, int> asked;
  ApAccumulator accumulator(parameters, 2);
  accumulator.add({0, truths, detections, [&](size_t d, size_t t) { return ++asked[{d, t}], 1.; }});
  EXPECT_EQ(asked, (std::map<std::pair<size_t, size_t>, int>{{{1, 0}, 1}, {{2, 0}, 1}, {{3, 1}, 1}}));
}

TEST(AveragePrecision, PooledCategoriesShareACurve) {
  // The detection of category 1 finds the truth of category 0; of equal scores the lower category comes first.
  const Picture picture{{{500, 0}}, {scored(.9, 1), scored(.9, 0)}, {{1}, {0}}};
  EXPECT_EQ(number(evaluate({picture}, ap_parameters(ApProtocol::kCoco, CocoKind::kBox), 2), "AP"), 0);
  const ApResult pooled = evaluate({picture}, ap_parameters(ApProtocol::kPooled, CocoKind::kBox), 2);
  EXPECT_EQ(pooled.num_categories, 1);
  EXPECT_NEAR(number(pooled, "AP"), .5, kNear);
}

Picture random_picture(Rng& rng) {
  Picture picture;
  for (int64_t i = rng.below(6); i > 0; --i) {
    picture.truths.push_back(
        {rng.uniform() * 12'000, static_cast<int32_t>(rng.below(3)), rng.below(8) == 0, rng.below(8) == 0});
  }
  for (int64_t i = rng.below(20); i > 0; --i) {
    picture.detections.push_back(
        {static_cast<double>(rng.below(10)) / 10, rng.uniform() * 12'000, static_cast<int32_t>(rng.below(3))});
    picture.similarity.emplace_back();
    for (size_t t = 0; t < picture.truths.size(); ++t)
      picture.similarity.back().push_back(static_cast<double>(rng.below(21)) / 20);
  }
  return picture;
}

void expect_same(const ApResult& a, const ApResult& b) {
  EXPECT_EQ(a.precision, b.precision);
  EXPECT_EQ(a.recall, b.recall);
  EXPECT_EQ(a.average_precision, b.average_precision);
  EXPECT_EQ(a.num_truths, b.num_truths);
  EXPECT_EQ(a.num_detections, b.num_detections);
}

class Splits : public testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 60; ++i) pictures_.push_back(random_picture(rng_));
    whole_ = evaluate(pictures_, parameters_, 3);
  }
  ApAccumulator empty() const { return {parameters_, 3}; }

  Rng rng_ = Rng(1, 0, 0, RandomOp::kExample);
  ApParameters parameters_ = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  std::vector<Picture> pictures_;
  ApResult whole_;
};

TEST_F(Splits, OrderOfImagesChangesNothing) {
  ApAccumulator accumulator = empty();
  for (size_t i = 60; i-- > 0;) accumulator.add(pictures_[i].at(static_cast<int64_t>(i)));
  expect_same(accumulator.finish(60), whole_);
  expect_same(accumulator.finish(60, 3), whole_);
}

TEST_F(Splits, RanksChangeNothing) {
  std::vector<ApAccumulator> ranks(4, empty());  // the last one has no image
  for (size_t i = 0; i < 60; ++i) ranks[i * i % 3].add(pictures_[i].at(static_cast<int64_t>(i)));
  ApAccumulator forwards = empty(), backwards = empty();
  for (size_t rank = 0; rank < 4; ++rank) {
    forwards.merge(ranks[rank]);
    backwards.merge(ApAccumulator::from_bytes(parameters_, 3, ranks[3 - rank].to_bytes()));
  }
  expect_same(forwards.finish(60), whole_);
  expect_same(backwards.finish(60), whole_);
}

TEST_F(Splits, EveryImageComesOnce) {
  ApAccumulator accumulator = empty();
  accumulator.add(pictures_[0].at(0));
  accumulator.add(pictures_[2].at(2));
  EXPECT_THAT([&] { accumulator.finish(3); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("image 1 is missing")));
  accumulator.add(pictures_[1].at(1));
  accumulator.finish(3);
  EXPECT_THROW(accumulator.finish(4), std::invalid_argument);
  accumulator.merge(ApAccumulator(accumulator));
  EXPECT_THAT([&] { accumulator.finish(3); },
              testing::ThrowsMessage<std::invalid_argument>(testing::HasSubstr("image 0 came twice")));
}

TEST_F(Splits, RefusesOtherParametersAndCutBytes) {
  ApAccumulator accumulator = empty();
  accumulator.add(pictures_[0].at(0));
  const std::string bytes = accumulator.to_bytes();
  const ApParameters other = ap_parameters(ApProtocol::kCocoNoCrowd, CocoKind::kBox);
  EXPECT_THROW(accumulator.merge(ApAccumulator(other, 3)), std::invalid_argument);
  EXPECT_THROW(accumulator.merge(ApAccumulator(parameters_, 2)), std::invalid_argument);
  EXPECT_THROW(ApAccumulator::from_bytes(other, 3, bytes), std::invalid_argument);
  EXPECT_THROW(ApAccumulator::from_bytes(parameters_, 3, bytes + "x"), std::invalid_argument);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(ApAccumulator::from_bytes(parameters_, 3, bytes.substr(0, size)), std::invalid_argument) << size;
  }
}

TEST(AveragePrecision, RefusesWhatItCannotRank) {
  ApAccumulator accumulator(ap_parameters(ApProtocol::kCoco, CocoKind::kBox), 1);
  const std::vector<ApDetection> nan = {scored(std::numeric_limits<double>::quiet_NaN())}, unknown = {scored(.5, 1)};
  EXPECT_THROW(accumulator.add({0, {}, nan, {}}), std::invalid_argument);
  EXPECT_THROW(accumulator.add({0, {}, unknown, {}}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
