#include "glid/model/bifpn_parts.h"

#include <ATen/ATen.h>

#include "glid/nn/fused.h"

namespace glid {

at::Tensor up_in_units(const at::Tensor& x, int stage) {
  const int64_t side = unit_side(stage), channels = x.size(1);
  if (fuses_unit_resize(x)) return fused_up_in_units(x, side);
  return x.view({-1, side, 1, side, 1, channels}).expand({-1, side, 2, side, 2, channels}).reshape({-1, channels});
}

at::Tensor convolve(const DepthwiseConv3x3& depthwise, const at::Tensor& tokens, const PlanTensors& plan, int stage) {
  if (fuses_depthwise(tokens)) return fused_depthwise(tokens, depthwise.weight, plan, stage);
  return to_tokens(depthwise.forward(to_image(tokens, plan, stage)), plan, stage);
}

at::Tensor weighted_silu(at::TensorList inputs, const at::Tensor& shares) {
  if (fuses_weighted_silu(inputs)) return fused_weighted_silu(inputs, shares);
  const at::Tensor same = shares.to(inputs[0].scalar_type());
  at::Tensor sum = inputs[0] * same[0];
  for (size_t i = 1; i < inputs.size(); ++i) sum = sum + inputs[i] * same[static_cast<int64_t>(i)];
  return at::silu(sum);
}

}  // namespace glid
