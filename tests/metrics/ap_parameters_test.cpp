#include "glid/metrics/ap_parameters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ApParameters, ThresholdsAreNumpysNotDecimals) {
  const ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  ASSERT_EQ(parameters.iou_thresholds.size(), 10u);
  EXPECT_EQ(parameters.iou_thresholds[0], .5);
  EXPECT_EQ(parameters.iou_thresholds[5], .75);
  EXPECT_EQ(parameters.iou_thresholds[8], 0.8999999999999999);
  EXPECT_EQ(parameters.iou_thresholds[9], .95);
  ASSERT_EQ(parameters.recall_points.size(), 101u);
  EXPECT_EQ(parameters.recall_points[100], 1);
  std::vector<size_t> differ;
  for (size_t i = 0; i <= 100; ++i) {
    if (parameters.recall_points[i] != static_cast<double>(i) / 100) differ.push_back(i);
  }
  EXPECT_EQ(differ, (std::vector<size_t>{35, 41, 47, 57, 69, 70, 82, 83, 94, 95}));
}

TEST(ApParameters, LinspaceOfOneValueAndOfNone) {
  EXPECT_EQ(linspace(.5, .95, 1), std::vector<double>{.5});
  EXPECT_TRUE(linspace(.5, .95, 0).empty());
}

TEST(ApParameters, Keypoints) {
  const ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kKeypoint);
  EXPECT_EQ(parameters.max_dets, std::vector<int64_t>{20});
  EXPECT_EQ(parameters.area_ranges.size(), 3u);
  ASSERT_EQ(parameters.keypoint_sigmas.size(), 17u);
  EXPECT_DOUBLE_EQ(parameters.keypoint_sigmas[0], .026);
  EXPECT_DOUBLE_EQ(parameters.keypoint_sigmas[16], .089);
  parameters.check();
}

TEST(ApParameters, ProtocolsDifferFromCocoInTheirPointOnly) {
  for (const auto& [protocol, name, meaning] : enum_names(ApProtocol{})) {
    SCOPED_TRACE(name);
    ap_parameters(protocol, CocoKind::kBox).check();
    EXPECT_EQ(ap_parameters(protocol, CocoKind::kBox) == ap_parameters(ApProtocol::kCoco, CocoKind::kBox), name == "coco");
  }
  EXPECT_TRUE(ap_parameters(ApProtocol::kCocoNoCrowd, CocoKind::kBox).drops_crowds);
  EXPECT_TRUE(ap_parameters(ApProtocol::kCocoBoxArea, CocoKind::kBox).uses_box_area);
  EXPECT_TRUE(ap_parameters(ApProtocol::kPooled, CocoKind::kBox).pools_categories);
  EXPECT_EQ(ap_parameters(ApProtocol::kVoc11Point, CocoKind::kBox).recall_points.size(), 11u);
  EXPECT_EQ(ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kBox).iou_thresholds, std::vector<double>{.5});
  EXPECT_EQ(ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kBox).max_dets, (std::vector<int64_t>{1, 10, 100, kNoLimit}));
  EXPECT_EQ(ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kKeypoint).max_dets, std::vector<int64_t>{kNoLimit});
  EXPECT_TRUE(ap_parameters(ApProtocol::kVocAllPointInclusive, CocoKind::kBox).has_inclusive_corners);
  EXPECT_FALSE(ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kBox).has_inclusive_corners);
}

void expect_refused(const std::string& setting, CocoKind kind, void (*change)(ApParameters&)) {
  SCOPED_TRACE(setting);
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, kind);
  change(parameters);
  EXPECT_THAT([&] { parameters.check(); }, ThrowsMessage<UsageError>(HasSubstr("eval." + setting)));
}

TEST(ApParameters, RefusesWhatMakesNoSense) {
  const CocoKind box = CocoKind::kBox, keypoint = CocoKind::kKeypoint;
  expect_refused("iou_thresholds", box, [](ApParameters& p) { p.iou_thresholds.clear(); });
  expect_refused("iou_thresholds", box, [](ApParameters& p) { p.iou_thresholds = linspace(0, 1, 65); });
  expect_refused("iou_thresholds", box, [](ApParameters& p) { p.iou_thresholds = {50}; });
  expect_refused("recall_points", box, [](ApParameters& p) { p.recall_points = {.5, .1}; });
  expect_refused("max_dets", box, [](ApParameters& p) { p.max_dets = {100, 10, 1}; });
  expect_refused("max_dets", box, [](ApParameters& p) { p.max_dets = {0}; });
  expect_refused("area_ranges", box, [](ApParameters& p) { p.area_ranges.front().name = "any"; });
  expect_refused("area_ranges", box, [](ApParameters& p) { p.area_ranges.push_back({"all", 0, 1}); });
  expect_refused("area_ranges", box, [](ApParameters& p) { p.area_ranges.push_back({"tiny", 2, 1}); });
  expect_refused("sigmas", box, [](ApParameters& p) { p.keypoint_sigmas = {.1}; });
  expect_refused("sigmas", keypoint, [](ApParameters& p) { p.keypoint_sigmas.clear(); });
  expect_refused("sigmas", keypoint, [](ApParameters& p) { p.keypoint_sigmas = {.1, 0}; });
}

}  // namespace
}  // namespace glid
