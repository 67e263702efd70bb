#include "glid/tasks/heatmap_loss.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

constexpr double kSmallest = 1e-12;  // sum of a heatmap; one without a joint has none

at::Tensor cross_entropies(const at::Tensor& predicted, const at::Tensor& targets, const at::Tensor& weights) {
  const at::Tensor places = targets.flatten(2);  // [B, K, cells]
  const at::Tensor shares = places / places.sum(2, /*keepdim=*/true).clamp_min(kSmallest);
  return -((shares * predicted.flatten(2).log_softmax(2)).sum(2) * weights).sum(1);
}

}  // namespace

at::Tensor heatmap_losses(const at::Tensor& predicted, const at::Tensor& targets, const at::Tensor& weights,
                          HeatmapLoss loss, double beta) {
  const at::Tensor t = targets.to(predicted.scalar_type()), w = weights.to(predicted.scalar_type());
  if (loss == HeatmapLoss::kCrossEntropy) return cross_entropies(predicted, t, w);
  const at::Tensor of_joint = w.unsqueeze(-1).unsqueeze(-1), p = predicted * of_joint, q = t * of_joint;
  const at::Tensor losses = loss == HeatmapLoss::kMse ? at::mse_loss(p, q, at::Reduction::None)
                                                      : at::smooth_l1_loss(p, q, at::Reduction::None, beta);
  return losses.mean(at::IntArrayRef{1, 2, 3});
}

}  // namespace glid
