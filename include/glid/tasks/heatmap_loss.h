// How far predicted heatmaps of joints are from the true ones.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/config/fields.h"

namespace glid {

enum class HeatmapLoss { kSmoothL1, kMse, kCrossEntropy };
constexpr auto enum_names(HeatmapLoss) {
  return std::to_array<config::Named<HeatmapLoss>>(
      {{HeatmapLoss::kSmoothL1, "smooth_l1", "the paper's, mean over joints and cells"},
       {HeatmapLoss::kMse, "mse", "ViTPose's, mean over joints and cells"},
       {HeatmapLoss::kCrossEntropy, "cross_entropy", "of the joint's place among the cells, mean over labelled joints"}});
}

// [B], of each person: predicted and true heatmaps [B, K, h, w], weights [B, K] of joints, 0 or 1. smooth_l1 (quadratic
// below `beta`) and mse compare the maps times the weight and are means over K, h and w; cross-entropy is that of the
// softmax over cells against the target normalised to 1, summed over joints with weight.
at::Tensor heatmap_losses(const at::Tensor& predicted, const at::Tensor& targets, const at::Tensor& weights,
                          HeatmapLoss loss, double beta);

}  // namespace glid
