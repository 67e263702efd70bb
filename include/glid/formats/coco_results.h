// Result files in COCO's JSON format, anyone's model: read as pycocotools 2.0.11 (coco.py loadRes) reads them and resolved
// against a ground truth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "glid/formats/coco_json.h"

namespace glid {

// What is to be evaluated; the file must be able to give it.
enum class CocoKind { kBox, kMask, kKeypoint };

struct CocoResult {
  uint32_t image = 0;     // index into CocoIndex::images()
  uint32_t category = 0;  // index into CocoIndex::categories()
  double score = 0;       // finite
  double area = 0;        // what decides small, medium, large
  BoxXywh box;            // as given or, where the file has none, around the mask or the joints
};

// Legal, but worth a line in a report.
struct CocoResultNotes {
  int64_t empty_boxes = 0;    // width or height not above 0
  int64_t boxes_outside = 0;  // any part outside the image, by more than a pixel
  int64_t empty_masks = 0;
  int64_t boxes_as_masks = 0;       // kMask: records without a segmentation in a file of boxes
  int64_t empty_segmentations = 0;  // []
  int64_t other_categories = 0;     // read_person_boxes: records left out
  Tally unknown_categories;         // records left out, as pycocotools does
  bool operator==(const CocoResultNotes&) const = default;

  // One line each for those that are not 0.
  std::vector<std::string> lines() const;
};

struct CocoResults {
  std::string where;                      // the file, for messages
  std::vector<CocoResult> results;        // in the file's order
  std::vector<BoxedRle> masks;            // kMask: one a result
  std::vector<double> keypoints;          // kKeypoint: x, y, score of each joint, result after result
  std::vector<uint64_t> keypoints_begin;  // kKeypoint: one a result and the end
  CocoResultNotes notes;

  std::span<const double> keypoints_of(size_t result) const;
};

// The first record decides what the file's boxes and areas are, as in pycocotools:
//   a "bbox" that is not empty: area = width x height, also when masks are evaluated; a missing mask is the box
//   "segmentation": area = pixels of the mask; a missing box is the tight one
//   "keypoints": box and area around all joints, the unlabelled at (0, 0) too
// Records of a category that the truth doesn't list are left out and counted, and fields that neither the type nor `kind`
// needs are not looked at. An empty list is no detections. Throws DataError naming file and record: an unknown image, a
// record without what the first one's type or `kind` needs, a score that is missing or not finite, a mask that is not of its
// image's size, a wrong number of keypoints.
CocoResults read_coco_results(const std::filesystem::path& file, const CocoIndex& truth, CocoKind kind);
CocoResults parse_coco_results(std::string_view json, const std::string& where, const CocoIndex& truth, CocoKind kind);

// A person detector's boxes, such as COCO_val2017_detections_AP_H_56_person.json: {image_id, category_id, bbox, score}. Only
// those of category 1 are kept; the truth need not list the others.
CocoResults read_person_boxes(const std::filesystem::path& file, const CocoIndex& truth);
CocoResults parse_person_boxes(std::string_view json, const std::string& where, const CocoIndex& truth);

}  // namespace glid
