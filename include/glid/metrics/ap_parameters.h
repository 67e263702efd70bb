// What average precision is computed with. The defaults are pycocotools 2.0.11's, its thresholds to the last bit.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "glid/config/value.h"
#include "glid/formats/coco_results.h"

namespace glid {

// Truths and unmatched detections outside are ignored; both ends are inside.
struct AreaRange {
  std::string name;
  double min_px2 = 0;
  double max_px2 = 1e10;
  bool operator==(const AreaRange&) const = default;
};

enum class ApProtocol {
  kCoco,
  kCocoNoCrowd,
  kCocoBoxArea,
  kVocAllPoint,
  kVoc11Point,
  kVocAllPointInclusive,
  kVoc11PointInclusive,
  kPooled
};

constexpr auto enum_names(ApProtocol) {
  return std::to_array<config::Named<ApProtocol>>({
      {ApProtocol::kCoco, "coco", "pycocotools 2.0.11"},
      {ApProtocol::kCocoNoCrowd, "coco_no_crowd", "coco without the truths that are crowds: nothing absorbs detections"},
      {ApProtocol::kCocoBoxArea, "coco_box_area", "coco with width x height of the box as a truth's area"},
      {ApProtocol::kVocAllPoint, "voc_allpoint",
       "Pascal VOC's development kit (2010 on): matching by its rules, area below the whole precision-recall curve"},
      {ApProtocol::kVoc11Point, "voc_11point",
       "Pascal VOC's development kit (2007): matching by its rules, mean precision at recall 0, 0.1, ... 1"},
      {ApProtocol::kVocAllPointInclusive, "voc_allpoint_inclusive",
       "voc_allpoint with corners that are pixels of the box: sides are a pixel longer"},
      {ApProtocol::kVoc11PointInclusive, "voc_11point_inclusive",
       "voc_11point with corners that are pixels of the box: sides are a pixel longer"},
      {ApProtocol::kPooled, "pooled", "coco with one curve over all categories (useCats = 0)"},
  });
}

// Which truth a detection is compared with, in the order of falling scores.
enum class Matching {
  kCoco,  // the most similar of those that are still free; a crowd takes any number
  kVoc,   // the most similar of all (VOCevaldet.m): one that is taken makes a false positive of it, a difficult one nothing
};

// How a precision-recall curve becomes one number, after precision was made non-increasing.
enum class Interpolation {
  kRecallPoints,  // the mean of the precisions at the recall points
  kEveryPoint,    // the area below the curve (Pascal VOC since 2010)
};

constexpr int64_t kNoLimit = INT64_MAX;

struct ApParameters {
  CocoKind kind = CocoKind::kBox;
  std::vector<double> iou_thresholds;  // at most 64; of OKS for keypoints
  std::vector<double> recall_points;   // ascending
  std::vector<int64_t> max_dets;  // ascending; for an image and category; the last is the limit of every AP, or kNoLimit
  std::vector<AreaRange> area_ranges;   // at most 32; one is called "all", that of AP, AP50 and AP75
  std::vector<double> keypoint_sigmas;  // a joint each, for keypoints
  Matching matching = Matching::kCoco;
  Interpolation interpolation = Interpolation::kRecallPoints;
  bool drops_crowds = false;   // truths that are crowds are left out; COCO lets them absorb detections
  bool uses_box_area = false;  // the area of a truth is its box's width x height; COCO: its field `area`
  bool has_inclusive_corners =
      false;                      // a box from x to x + width covers width + 1 pixels (Pascal VOC), when boxes are compared
  bool pools_categories = false;  // one curve over the detections of all categories (pycocotools' useCats = 0)
  bool operator==(const ApParameters&) const = default;

  // Index of the range called "all" of checked parameters; the number of ranges where none is.
  size_t range_of_all() const;
  // Throws UsageError naming the setting (eval.max_dets, ...) when a value makes no sense.
  void check() const;
};

// The parameters of a protocol, COCO's where it says nothing else.
ApParameters ap_parameters(ApProtocol protocol, CocoKind kind);

// numpy.linspace to the last bit: `count` values, the first `start` and the last `stop`.
std::vector<double> linspace(double start, double stop, int64_t count);

}  // namespace glid
