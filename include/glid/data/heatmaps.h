// Joints as heatmaps and back (no LibTorch). Targets are UDP's (Huang et al., CVPR 2020), decoding is DARK's (Zhang et al.,
// CVPR 2020), as mmpose 0.x has them: top_down_transform.py _udp_generate_target, top_down_eval.py post_dark_udp.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/data/prediction.h"
#include "glid/geometry/affine.h"

namespace glid {

inline constexpr double kHeatmapSigma = 2;  // cells

struct HeatmapSize {
  int64_t height = 0, width = 0;
};

// From pixels of a picture to cells, where 0 is the centre of the first cell: first centre on first centre, last on last.
Affine picture_to_heatmap(int64_t picture_height, int64_t picture_width, const HeatmapSize& size);

// A Gaussian of peak 1 around each joint, cut at 3 sigma from the nearest cell. A joint has weight 1, or 0 where it is
// unlabelled or all of its patch lies outside.
struct JointHeatmaps {
  std::vector<float> maps;     // [joints, height, width]
  std::vector<float> weights;  // [joints]
};
// `joints` in cells.
JointHeatmaps draw_heatmaps(std::span<const Keypoint> joints, const HeatmapSize& size);

// The peak of a map [height, width], in cells, and its value. From the largest cell a Newton step on the logarithm of the
// map smoothed by 11 x 11 cells; (-1, -1) where nothing is above 0.
ScoredKeypoint decode_heatmap(std::span<const double> map, const HeatmapSize& size);

inline constexpr double kCertainJoint = 0.2;
// The box's score times the mean of the joints' above kCertainJoint; 0 if none is.
double pose_score(std::span<const ScoredKeypoint> joints, double box_score);

}  // namespace glid
