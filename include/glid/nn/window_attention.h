// Multi-head attention inside the windows of a plan, with a relative position bias (Swin, Eq. 4; Liu et al., ICCV 2021).
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/plan_tensors.h"

namespace glid {

// qkv         [T, 3C] the projected tokens, q | k | v, heads outermost inside each
// phantom     [3C] what a padded key of the reference holds: the projection's bias (padding is added after the norm)
// bias_table  [(2w-1)^2, heads]
// Returns [T, C]. This reference in ATen operations runs on every device.
at::Tensor window_attention(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                            const WindowTensors& windows);

// bias_table [R, heads], index [W, L, L] int32 -> [W, heads, L, L]; the gradient adds in a fixed order on CPUs.
at::Tensor relative_bias(const at::Tensor& bias_table, const at::Tensor& index);

}  // namespace glid
