// Object keypoint similarity, the IoU of poses (https://cocodataset.org/#keypoints-eval; pycocotools cocoeval.py
// computeOks).
#pragma once

#include <span>

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

}  // namespace glid
