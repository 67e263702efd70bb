// The block `eval` of a configuration: what an evaluation may be told beyond its protocol (docs/evaluation.md).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/fields.h"
#include "glid/metrics/depth_errors.h"

namespace glid {

// A number that is absent leaves the protocol's own.
struct EvalSettings {
  int64_t threads = 2;

  int64_t num_classes = 150;
  int64_t ignore_label = 255;
  bool reduce_zero_label = false;
  int64_t results_offset = 0;

  double depth_scale = 1000;
  double min_depth = 1e-3;
  double max_depth = 10;
  DepthCrop crop = DepthCrop::kEigen;
  bool median_scaling = false;

  std::optional<std::vector<int64_t>> max_dets;
  std::optional<std::vector<double>> iou_thresholds;
  std::optional<std::vector<std::array<double, 2>>> area_ranges;
  std::optional<std::vector<double>> sigmas;

  bool missing_as_empty = false;

  template <class V>
  void fields(V& v) {
    v("threads", threads, "threads that evaluate; the numbers don't depend on it", config::positive());
    v("num_classes", num_classes, "semantic: labels are 0 to num_classes - 1", config::in_range(1, 4096));
    v("ignore_label", ignore_label, "semantic: annotated pixels of this label are left out", config::in_range(-1, 65535));
    v("reduce_zero_label", reduce_zero_label,
      "semantic: annotations have 0 = ignore and classes from 1 (ADE20K's own files)");
    v("results_offset", results_offset, "semantic: added to predicted labels; -1 for files that count classes from 1",
      config::in_range(-65535, 65535));
    v("depth_scale", depth_scale, "depth: units of a PNG in a metre", config::positive());
    v("min_depth", min_depth, "depth: metres; shallower truth is left out", config::positive());
    v("max_depth", max_depth, "depth: metres; deeper truth is left out", config::positive());
    v("crop", crop, "depth: the part of the image that counts");
    v("median_scaling", median_scaling, "depth: scale each prediction to the truth's median, which is another protocol");
    v("max_dets", max_dets,
      "box, mask, keypoint: detections kept of each image and category (COCO: [1, 10, 100], persons [20])",
      config::positive());
    v("iou_thresholds", iou_thresholds, "box, mask, keypoint: overlaps that match (COCO: 0.5 to 0.95 in steps of 0.05)",
      config::in_range(0, 1));
    v("area_ranges", area_ranges,
      "box, mask, keypoint: [low, high] in px^2, both ends inside: all, small, medium, large (keypoint: all, medium, large)",
      config::non_negative());
    v("sigmas", sigmas, "keypoint: one for each joint (COCO's 17 persons' joints unless given)", config::positive());
    v("missing_as_empty", missing_as_empty, "panoptic: an image without a prediction counts as one without segments");
  }
};

}  // namespace glid
