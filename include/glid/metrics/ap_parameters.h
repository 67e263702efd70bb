// What average precision is computed with. The defaults are pycocotools 2.0.11's, its thresholds to the last bit.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/formats/coco_results.h"

namespace glid {

// Truths and unmatched detections outside are ignored; both ends are inside.
struct AreaRange {
  std::string name;
  double min_px2 = 0;
  double max_px2 = 1e10;
  bool operator==(const AreaRange&) const = default;
};

// How a precision-recall curve becomes one number, after precision was made non-increasing.
enum class Interpolation {
  kRecallPoints,  // the mean of the precisions at the recall points
  kEveryPoint,    // the area below the curve (Pascal VOC since 2010)
};

struct ApParameters {
  CocoKind kind = CocoKind::kBox;
  std::vector<double> iou_thresholds;   // at most 64; of OKS for keypoints
  std::vector<double> recall_points;    // ascending
  std::vector<int64_t> max_dets;        // ascending; for an image and category; the last is the limit of every AP
  std::vector<AreaRange> area_ranges;   // at most 32; one is called "all", that of AP, AP50 and AP75
  std::vector<double> keypoint_sigmas;  // a joint each, for keypoints
  Interpolation interpolation = Interpolation::kRecallPoints;
  bool drops_crowds = false;      // truths that are crowds are left out; COCO lets them absorb detections
  bool uses_box_area = false;     // the area of a truth is its box's width x height; COCO: its field `area`
  bool pools_categories = false;  // one curve over the detections of all categories (pycocotools' useCats = 0)
  bool operator==(const ApParameters&) const = default;

  // Index of the range called "all" of checked parameters; the number of ranges where none is.
  size_t range_of_all() const;
  // Throws UsageError naming the setting (eval.max_dets, ...) when a value makes no sense.
  void check() const;
};

struct ApProtocol {
  std::string_view name;
  std::string_view meaning;
};

// coco first, the default.
std::span<const ApProtocol> ap_protocols();

// The parameters of a protocol, COCO's where it says nothing else. Throws UsageError listing the names.
ApParameters ap_protocol(std::string_view name, CocoKind kind);

// numpy.linspace to the last bit: `count` values, the first `start` and the last `stop`.
std::vector<double> linspace(double start, double stop, int64_t count);

}  // namespace glid
