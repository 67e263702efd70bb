// Object keypoint similarity, the IoU of poses (https://cocodataset.org/#keypoints-eval; pycocotools cocoeval.py
// computeOks).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "glid/geometry/box.h"

namespace glid {

struct KeypointTruth {
  std::span<const double> joints;  // x, y, visibility of each joint; a visible one has visibility > 0
  BoxXywh box;
  double area = 0;  // px^2, the scale
};

// Mean over the truth's visible joints of exp(-d^2 / (2 (2 sigma)^2 area)), 0 to 1. `detection` = x, y, anything of each
// joint. A truth without a visible joint measures every joint's distance from its box enlarged by its own size on each side,
// so that detections on it are absorbed. Throws std::invalid_argument unless both have as many joints as there are sigmas.
double keypoint_similarity(std::span<const double> detection, const KeypointTruth& truth, std::span<const double> sigmas);

// A pose that a model found in an image.
struct EstimatedPose {
  std::vector<double> joints;  // x, y, score of each
  double score = 0;
  double area = 0;  // px^2 of the crop in which it was found
};

// The same mean of two poses, over all joints; the scale is the mean of their areas (mmpose core/post_processing/nms.py
// oks_iou). Throws as above.
double pose_similarity(const EstimatedPose& a, const EstimatedPose& b, std::span<const double> sigmas);

// Greedy suppression among the poses of an image: the indices kept, by descending score (equal scores in input order); a
// pose whose similarity to a kept one is above `threshold` goes.
std::vector<size_t> surviving_poses(std::span<const EstimatedPose> poses, std::span<const double> sigmas, double threshold);

}  // namespace glid
