// Depth as adaptive bins, and Eigen's loss (fp32, on any device).
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/config/fields.h"

namespace glid {

// How raw bin lengths become shares of the range.
enum class BinNorm { kSoftmax, kLinear };
constexpr auto enum_names(BinNorm) {
  return std::to_array<config::Named<BinNorm>>(
      {{BinNorm::kSoftmax, "softmax", "zhyever/Monocular-Depth-Estimation-Toolbox, binsformer_head.py"},
       {BinNorm::kLinear, "linear", "(relu(x) + 0.1) / sum: shariqfarooq123/AdaBins, unet_adaptive_bins.py"}});
}

// Raw lengths [.., Q] -> the bins' centres [.., Q] in metres, ascending between the limits (paper Eq. 5).
at::Tensor bin_centres(const at::Tensor& lengths, double min_depth, double max_depth, BinNorm norm);

// Eigen's scale-invariant loss (NIPS 2014) of each of n maps, as the toolbox scales it (depth/models/losses/sigloss.py):
// with g = ln(p + 0.001) - ln(t + 0.001) over the map's pixels whose truth is above 0,
//   10 sqrt(Var g + 0.15 (mean g)^2 + 1e-8), the variance unbiased and 0 for one pixel; 0 without pixels.
// predicted, truth [n, P] in metres -> [n].
at::Tensor scale_invariant_losses(const at::Tensor& predicted, const at::Tensor& truth);

}  // namespace glid
