#include "glid/metrics/ap_parameters.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

constexpr size_t kMaxIouThresholds = 64;  // bits of a word, see average_precision.cpp
constexpr size_t kMaxAreaRanges = 32;

constexpr double kSmallPx2 = 32 * 32, kLargePx2 = 96 * 96, kEndlessPx2 = 1e10;

ApParameters coco_parameters(CocoKind kind) {
  ApParameters parameters;
  parameters.kind = kind;
  parameters.iou_thresholds = linspace(.5, .95, 10);
  parameters.recall_points = linspace(0, 1, 101);
  const AreaRange all{"all", 0, kEndlessPx2}, small{"small", 0, kSmallPx2}, medium{"medium", kSmallPx2, kLargePx2},
      large{"large", kLargePx2, kEndlessPx2};
  if (kind == CocoKind::kKeypoint) {
    parameters.max_dets = {20};
    parameters.area_ranges = {all, medium, large};
    // Nose, eyes, ears, shoulders, elbows, wrists, hips, knees, ankles; tenths, divided as the reference does.
    for (double tenths : {.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89}) {
      parameters.keypoint_sigmas.push_back(tenths / 10);
    }
  } else {
    parameters.max_dets = {1, 10, 100};
    parameters.area_ranges = {all, small, medium, large};
  }
  return parameters;
}

// VOCevaldet.m: every detection counts, whatever its area, at one overlap.
void follow_voc(ApParameters& parameters) {
  parameters.matching = Matching::kVoc;
  AreaRange& all = parameters.area_ranges.front();
  all.min_px2 = -std::numeric_limits<double>::infinity();
  all.max_px2 = -all.min_px2;
  parameters.iou_thresholds = {.5};
  if (parameters.kind == CocoKind::kKeypoint) parameters.max_dets.clear();
  parameters.max_dets.push_back(kNoLimit);
}

void require(bool holds, const std::string& setting, const std::string& what, const std::string& value) {
  if (!holds) throw UsageError("eval." + setting, what, value);
}

// Every value at least `low` and at most `high`; NaN fails.
void require_all(std::span<const double> values, double low, double high, const std::string& setting) {
  for (double value : values) {
    require(value >= low && value <= high, setting, format("must be from {} to {}", low, high), format("{}", value));
  }
}

void check_ranges(std::span<const AreaRange> ranges) {
  const std::string setting = "area_ranges";
  require(ranges.size() <= kMaxAreaRanges, setting, format("takes at most {} ranges beside all areas", kMaxAreaRanges - 1),
          format("{}", ranges.size() - 1));
  for (const AreaRange& range : ranges) {
    require(range.min_px2 <= range.max_px2, setting, format("'{}' ends before it begins", range.name),
            format("{} to {}", range.min_px2, range.max_px2));
    const auto has_name = [&](const AreaRange& other) { return other.name == range.name; };
    require(std::count_if(ranges.begin(), ranges.end(), has_name) == 1, setting, "names a range twice", range.name);
  }
}

}  // namespace

size_t ApParameters::range_of_all() const {
  const auto is_all = [](const AreaRange& range) { return range.name == "all"; };
  return static_cast<size_t>(std::find_if(area_ranges.begin(), area_ranges.end(), is_all) - area_ranges.begin());
}

void ApParameters::check() const {
  require(!iou_thresholds.empty() && iou_thresholds.size() <= kMaxIouThresholds, "iou_thresholds",
          format("takes 1 to {} values", kMaxIouThresholds), format("{}", iou_thresholds.size()));
  require_all(iou_thresholds, 0, 1, "iou_thresholds");
  require(!recall_points.empty(), "recall_points", "is empty", "");
  require_all(recall_points, 0, 1, "recall_points");
  require(std::is_sorted(recall_points.begin(), recall_points.end()), "recall_points", "must ascend", "");
  require(!max_dets.empty() && max_dets.front() > 0, "max_dets", "needs limits of 1 or more", "");
  require(std::adjacent_find(max_dets.begin(), max_dets.end(), std::greater_equal<>()) == max_dets.end(), "max_dets",
          "must ascend", glid::format("{}", fmt::join(max_dets, ", ")));
  check_ranges(area_ranges);
  require(range_of_all() < area_ranges.size(), "area_ranges", "needs a range called 'all'", "");
  require((kind == CocoKind::kKeypoint) == !keypoint_sigmas.empty(), "sigmas", "are for keypoints, a number for each joint",
          format("{} numbers", keypoint_sigmas.size()));
  require(!has_inclusive_corners || kind == CocoKind::kBox, "protocol", "with inclusive corners is for boxes",
          kind == CocoKind::kMask ? "masks" : "keypoints");
  for (double sigma : keypoint_sigmas)
    require(sigma > 0 && std::isfinite(sigma), "sigmas", "must be positive", format("{}", sigma));
}

ApParameters ap_parameters(ApProtocol protocol, CocoKind kind) {
  ApParameters parameters = coco_parameters(kind);
  switch (protocol) {
    case ApProtocol::kCoco: break;
    case ApProtocol::kCocoNoCrowd: parameters.drops_crowds = true; break;
    case ApProtocol::kCocoBoxArea: parameters.uses_box_area = true; break;
    case ApProtocol::kVocAllPointInclusive: parameters.has_inclusive_corners = true; [[fallthrough]];
    case ApProtocol::kVocAllPoint:
      follow_voc(parameters);
      parameters.interpolation = Interpolation::kEveryPoint;
      break;
    case ApProtocol::kVoc11PointInclusive: parameters.has_inclusive_corners = true; [[fallthrough]];
    case ApProtocol::kVoc11Point:
      follow_voc(parameters);
      parameters.recall_points = linspace(0, 1, 11);
      break;
    case ApProtocol::kPooled: parameters.pools_categories = true; break;
  }
  return parameters;
}

std::vector<double> linspace(double start, double stop, int64_t count) {
  std::vector<double> values(static_cast<size_t>(count), start);
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i) * step + start;
  if (count > 1) values.back() = stop;
  return values;
}

}  // namespace glid
