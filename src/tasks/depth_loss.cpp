#include "glid/tasks/depth_loss.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

constexpr double kScale = 10, kMeanShare = 0.15, kUnderLog = 1e-3, kUnderRoot = 1e-8;
constexpr double kLeastLength = 0.1;  // AdaBins

at::Tensor shares(const at::Tensor& lengths, BinNorm norm) {
  if (norm == BinNorm::kSoftmax) return lengths.softmax(-1);
  const at::Tensor positive = lengths.relu() + kLeastLength;
  return positive / positive.sum(-1, /*keepdim=*/true);
}

}  // namespace

at::Tensor bin_centres(const at::Tensor& lengths, double min_depth, double max_depth, BinNorm norm) {
  const at::Tensor widths = shares(lengths, norm) * (max_depth - min_depth);
  return min_depth + widths.cumsum(-1) - widths / 2;
}

at::Tensor scale_invariant_losses(const at::Tensor& predicted, const at::Tensor& truth) {
  const at::Tensor valid = (truth > 0).to(predicted.scalar_type());
  const at::Tensor count = valid.sum(1), divisor = count.clamp_min(1);
  const at::Tensor g = ((predicted + kUnderLog).log() - (truth + kUnderLog).log()) * valid;
  const at::Tensor mean = g.sum(1) / divisor;
  const at::Tensor variance = ((g - mean.unsqueeze(1)) * valid).square().sum(1) / (count - 1).clamp_min(1);
  const at::Tensor loss = kScale * (variance + kMeanShare * mean.square() + kUnderRoot).sqrt();
  return loss * (count > 0).to(loss.scalar_type());
}

}  // namespace glid
