// Costs and losses of masks at points (Mask2Former, Cheng et al., CVPR 2022; facebookresearch/Mask2Former, matcher.py and
// criterion.py). Below: L layers, B pictures, Q queries, n_b masks of picture b, N the largest n_b, P pairs.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "glid/tasks/mask_features.h"
#include "glid/tasks/mask_points.h"
#include "glid/tasks/matching.h"
#include "glid/tasks/task.h"

namespace glid {

// What each query would pay for each mask at points: logits [R, p], truth [n, p] in 0 .. 1 -> [R, n].
at::Tensor mask_costs(const at::Tensor& logits, const at::Tensor& truth);  // mean binary cross-entropy
at::Tensor dice_costs(const at::Tensor& logits, const at::Tensor& truth);  // 1 - (2 s.t + 1) / (sum s + sum t + 1)

// The same of pairs: logits and truth [.., p] -> [..].
at::Tensor mask_losses(const at::Tensor& logits, const at::Tensor& truth);
at::Tensor dice_losses(const at::Tensor& logits, const at::Tensor& truth);

// The indices [.., count] of the logits [.., C] nearest to 0: where a mask is least certain (PointRend, Kirillov et al.,
// CVPR 2020). Not differentiable.
at::Tensor most_uncertain(const at::Tensor& logits, int64_t count);

// The masks that queries may be matched with, at points of their pictures, on the device.
struct MaskTargets {
  at::Tensor points;             // [B, D, 2] (x, y) in fractions of the picture, as PointConfig orders them
  at::Tensor labels;             // [sum n] int64
  at::Tensor values;             // [sum n, D] the masks there
  std::vector<int64_t> lengths;  // n_b
};

// The masks <f^b, z> that queries answer with, at the points of the pictures: never a full map of every query.
class PointMasks {
 public:
  // `plan` is the view's: pictures needn't fill the whole units that the map has. The map must live on.
  PointMasks(const FeatureMap& map, const BatchPlan& plan, const DotConfig& dot, const PointConfig& points);

  struct Weights {
    double mask = 1, dice = 1;
  };
  // Of embeddings [L, B, Q, d] the weighted sum of mask_costs and dice_costs, [L, B, Q, N]; 0 beyond n_b. Sampling is
  // linear, so that f^b is sampled and then multiplied.
  at::Tensor costs(const at::Tensor& z, const MaskTargets& targets, const Weights& weights) const;

  struct Sums {
    at::Tensor mask, dice;  // [L, B]
  };
  // Of embeddings [L, B, Q, d] the sums of mask_losses and dice_losses over the pairs of each picture, at the candidates
  // that are most uncertain for each pair and at the uniform points.
  Sums losses(const at::Tensor& z, const MaskTargets& targets, const MatchedPairs& pairs) const;

 private:
  // Points [p, 2] of picture b as grid_sample wants them for its map, [1, p, 1, 2].
  at::Tensor on_map(const at::Tensor& points, int64_t b) const;
  // Of the pairs' embeddings [L, P, d], counts[b] of each picture, logits at the points of the loss: [L, P, D - P].
  at::Tensor loss_logits(const at::Tensor& z, const at::Tensor& points, const std::vector<double>& counts) const;

  const FeatureMap& map_;
  std::vector<std::array<double, 2>> covered_;  // the part of each picture's map, in width and height, that it fills
  DotConfig dot_;
  PointConfig points_;
};

}  // namespace glid
