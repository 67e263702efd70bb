// Where masks are compared: points of a picture, a function of its key alone, so that neither ranks nor micro-batches nor
// the order of matches can change a loss (no LibTorch). All masks and all layers share them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/sample.h"

namespace glid {

// Keys of the tasks that answer with masks; the numbers are PointRend's as Mask2Former sets them.
struct PointConfig {
  int64_t points = 12544;
  double oversample_ratio = 3;
  double importance_ratio = 0.75;

  template <class V>
  void fields(V& v) {
    v("points", points, "points at which masks are compared, in matching and in the loss", config::positive());
    v("oversample_ratio", oversample_ratio, "so many times as many are looked at to find uncertain ones",
      config::in_range(1, 100));
    v("importance_ratio", importance_ratio,
      "the part of the loss's points that are the most uncertain of those; the rest is uniform", config::in_range(0, 1));
  }

  // A picture has num_matching() points for the costs, then num_candidates() and num_uniform() for the loss.
  int64_t num_matching() const { return points; }
  int64_t num_candidates() const { return static_cast<int64_t>(static_cast<double>(points) * oversample_ratio); }
  int64_t num_uncertain() const { return static_cast<int64_t>(static_cast<double>(points) * importance_ratio); }
  int64_t num_uniform() const { return points - num_uncertain(); }
  int64_t num_drawn() const { return num_matching() + num_candidates() + num_uniform(); }
};

// [count, 2] (x, y), uniform over the picture, in fractions of its size.
std::vector<float> draw_points(const SampleKey& key, int64_t count);

// A mask [height][width] of 0 and 1 at points (x, y): bilinear between the centres of pixels, 0 outside (grid_sample without
// align_corners).
std::vector<float> sample_mask(std::span<const uint8_t> mask, int64_t height, int64_t width, std::span<const float> points);

}  // namespace glid
