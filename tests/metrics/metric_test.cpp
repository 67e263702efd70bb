// What every metric promises, of all of them.
#include "glid/metrics/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include "glid/core/error.h"
#include "glid/metrics/accuracy.h"
#include "glid/metrics/average_precision.h"
#include "glid/metrics/depth_errors.h"
#include "glid/metrics/mean_iou.h"
#include "glid/metrics/mean_loss.h"
#include "glid/metrics/panoptic_quality.h"
#include "glid/metrics/pose_precision.h"

namespace glid {
namespace {

constexpr int kNumImages = 6;

struct Kind {
  const char* name;
  std::function<std::unique_ptr<Metric>()> make;
  std::function<void(Metric&, int i, int key)> add;  // what image i shows, under a name
};

std::ostream& operator<<(std::ostream& out, const Kind& kind) { return out << kind.name; }

// Sorts as the number.
std::string name_of(int key) { return std::to_string(1000 + key); }

void add_ranks(Metric& metric, int i, int key) {
  const std::vector<double> scores{0.5, 0.2 * i, 0.2};
  dynamic_cast<Accuracy&>(metric).add(name_of(key), scores, 1);
}

// One person an image, nearer to the truth in later ones.
void add_poses(Metric& metric, int i, int key) {
  const AnnotatedPose truth{.joints = {5, 5, 2, 8, 8, 2}, .box = {0, 0, 10, 10}, .area = 2000};
  const double off = 0.4 * (kNumImages - i);
  const EstimatedPose pose{.joints = {5 + off, 5, 1, 8, 8, 1}, .score = 0.1 * (i + 1), .area = 100};
  dynamic_cast<PosePrecision&>(metric).add({.id = key, .image = key, .pose = pose, .truth = 0}, {truth});
}

void add_boxes(Metric& metric, int i, int key) {
  const std::vector<ApTruth> truths{{.area = 100, .category = i % 2}};
  const std::vector<ApDetection> detections{{.score = 0.1 * i, .area = 100, .category = 0}};
  dynamic_cast<ApAccumulator&>(metric).add({key, truths, detections, [&](size_t, size_t) { return i > 2 ? 0.8 : 0.3; }});
}

void add_labels(Metric& metric, int i, int key) {
  const std::vector<uint16_t> truth{0, 1, 2, 2}, predicted{0, 1, static_cast<uint16_t>(i % 3), 2};
  dynamic_cast<MeanIou&>(metric).add(name_of(key), predicted, truth);
}

void add_segments(Metric& metric, int i, int key) {
  const std::vector<uint32_t> truth{1, 1, 1, 2}, predicted = i % 2 == 0 ? truth : std::vector<uint32_t>{1, 1, 2, 2};
  const std::vector<PanopticSegment> segments{{.id = 1, .category_id = 1, .area = 3},
                                              {.id = 2, .category_id = 2, .area = 1}};
  dynamic_cast<PanopticQuality&>(metric).add(name_of(key), {predicted, segments}, {truth, segments});
}

void add_depths(Metric& metric, int i, int key) {
  const std::vector<double> truth{1, 2, 3}, predicted{1.1, 2 + 0.1 * i, 3};
  dynamic_cast<DepthErrors&>(metric).add(name_of(key), {predicted, 1, 3}, {truth, 1, 3});
}

void add_losses(Metric& metric, int i, int key) {
  dynamic_cast<MeanLoss&>(metric).add(name_of(key), {{"pixels", 1}}, {{0.1 * i, 3}});
}

ApParameters pose_parameters() {
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kKeypoint);
  parameters.keypoint_sigmas = {0.05, 0.05};
  return parameters;
}

class Metrics : public testing::TestWithParam<Kind> {
 protected:
  std::unique_ptr<Metric> of(const std::function<bool(int)>& takes) const {
    auto metric = GetParam().make();
    for (int i = 0; i < kNumImages; ++i)
      if (takes(i)) GetParam().add(*metric, i, i);
    return metric;
  }
  static void expect_same(const Metric& a, const Metric& b) {
    const auto expected = a.values(), got = b.values();
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(got[i].name, expected[i].name);
      EXPECT_EQ(got[i].value, expected[i].value) << got[i].name;
    }
  }
};

TEST_P(Metrics, OfRanksMergeToTheBitsOfOne) {
  const auto whole = of([](int) { return true; });
  EXPECT_TRUE(std::ranges::all_of(whole->values(), [](const MetricValue& v) { return !v.value || *v.value == *v.value; }));
  const auto odd = of([](int i) { return i % 2 == 1; }), even = of([](int i) { return i % 2 == 0; });
  const auto none = GetParam().make(), forwards = GetParam().make(), backwards = GetParam().make();
  for (const Metric* part : {odd.get(), even.get(), none.get()}) forwards->merge_bytes(part->to_bytes());
  for (const Metric* part : {none.get(), even.get(), odd.get()}) backwards->merge_bytes(part->to_bytes());
  expect_same(*whole, *forwards);
  expect_same(*whole, *backwards);
}

TEST_P(Metrics, KnowTheirValuesAndTheBestOneBeforeAnyImage) {
  const auto empty = GetParam().make();
  expect_same(*empty, *GetParam().make());
  const auto values = empty->values(), full = of([](int) { return true; })->values();
  ASSERT_EQ(values.size(), full.size());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i].name, full[i].name);
    EXPECT_EQ(values[i].better, full[i].better);
    EXPECT_FALSE(values[i].value) << values[i].name;
  }
  EXPECT_EQ(std::ranges::count(full, empty->best(), &MetricValue::name), 1);
}

TEST_P(Metrics, TellTheirImages) {
  const auto whole = of([](int) { return true; });
  const std::vector<std::string> keys = whole->keys();
  EXPECT_EQ(keys.size(), kNumImages);
  EXPECT_TRUE(std::ranges::is_sorted(keys));
  EXPECT_EQ(of([](int i) { return i == 2; })->keys(), std::vector<std::string>{keys[2]});
}

TEST_P(Metrics, CountImagesAsOftenAsTheyAreToldTo) {
  const auto whole = of([](int) { return true; });
  const std::vector<int32_t> once(kNumImages, 1), times{2, 0, 1, 3, 1, 0};
  const auto values = whole->values(), same = whole->values_of(once);
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(same[i].value, values[i].value) << values[i].name;

  const auto copies = GetParam().make();  // of image i under the names 10 i, 10 i + 1, ..
  for (int i = 0; i < kNumImages; ++i)
    for (int copy = 0; copy < times[static_cast<size_t>(i)]; ++copy) GetParam().add(*copies, i, 10 * i + copy);
  const auto expected = copies->values(), got = whole->values_of(times);
  ASSERT_EQ(got.size(), expected.size());
  bool is_another = false;
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].value.has_value(), expected[i].value.has_value()) << got[i].name;
    if (!got[i].value) continue;
    EXPECT_NEAR(*got[i].value, *expected[i].value, 1e-12) << got[i].name;
    is_another |= std::abs(*got[i].value - *values[i].value) > 1e-6;
  }
  EXPECT_TRUE(is_another);  // or the times would show nothing
  EXPECT_THROW(whole->values_of(std::vector<int32_t>{1}), std::invalid_argument);
}

TEST_P(Metrics, TakeNothingFromARankThatHasOneOfTheImages) {
  const auto odd = of([](int i) { return i % 2 == 1; }), one = of([](int i) { return i <= 1; });
  const std::string before = odd->to_bytes();
  EXPECT_THROW(odd->merge_bytes(one->to_bytes()), DataError);
  EXPECT_EQ(odd->to_bytes(), before);
  EXPECT_THROW(odd->merge_bytes("no metric"), std::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(
    All, Metrics,
    testing::Values(Kind{"average_precision",
                         [] { return std::make_unique<ApAccumulator>(ap_parameters(ApProtocol::kCoco, CocoKind::kBox), 2); },
                         add_boxes},
                    Kind{"mean_iou", [] { return std::make_unique<MeanIou>(MeanIouOptions{.num_classes = 3}); }, add_labels},
                    Kind{"panoptic_quality",
                         [] {
                           return std::make_unique<PanopticQuality>(
                               std::vector<PanopticCategory>{{1, "person", true}, {2, "sky", false}});
                         },
                         add_segments},
                    Kind{"depth_errors",
                         [] { return std::make_unique<DepthErrors>(DepthOptions{.crop = DepthCrop::kNone}); }, add_depths},
                    Kind{"mean_loss", [] { return std::make_unique<MeanLoss>(); }, add_losses},
                    Kind{"accuracy", [] { return std::make_unique<Accuracy>(); }, add_ranks},
                    Kind{"pose_precision", [] { return std::make_unique<PosePrecision>(pose_parameters()); }, add_poses}),
    [](const auto& info) { return info.param.name; });

TEST(MetricDirections, AreThoseOfTheField) {
  const auto better = [](const Metric& metric, const std::string& name) {
    const auto values = metric.values();
    return std::ranges::find(values, name, &MetricValue::name)->better;
  };
  const DepthErrors depth({.crop = DepthCrop::kNone});
  EXPECT_EQ(better(depth, depth.best()), Better::kLower);
  EXPECT_EQ(better(depth, "d1"), Better::kHigher);
  EXPECT_EQ(better(MeanIou({.num_classes = 3}), "mIoU"), Better::kHigher);
  EXPECT_EQ(better(MeanLoss(), "loss"), Better::kLower);
}

// Enough to compute intervals later: the records of images add up to the matrix of the set.
TEST(MeanIouRecords, AddUpToTheConfusionMatrix) {
  MeanIou metric({.num_classes = 3});
  for (int i = 0; i < kNumImages; ++i) add_labels(metric, i, i);
  std::vector<SemanticImageClass> sums(3);
  int64_t num_kept = 0;
  for (const auto& [image, record] : metric.images()) {
    num_kept += record.num_kept;
    for (const SemanticImageClass& c : record.classes) {
      SemanticImageClass& sum = sums.at(static_cast<size_t>(c.index));
      sum.num_truth += c.num_truth;
      sum.num_predicted += c.num_predicted;
      sum.num_correct += c.num_correct;
    }
  }
  EXPECT_EQ(num_kept, metric.report().num_kept);
  for (int64_t c = 0; c < 3; ++c) {
    const SemanticImageClass& sum = sums[static_cast<size_t>(c)];
    EXPECT_EQ(sum.num_truth, metric.confusion().num_truth(c));
    EXPECT_EQ(sum.num_predicted, metric.confusion().num_predicted(c));
    EXPECT_EQ(sum.num_correct, metric.confusion().num_correct(c));
  }
}

}  // namespace
}  // namespace glid
