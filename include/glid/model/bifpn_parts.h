// What the BiFPN does with tokens, in ATen's operations or fused (nn/fused.h).
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/layers.h"
#include "glid/nn/plan_tensors.h"

namespace glid {

// Nearest upsampling inside units: tokens of `stage` [T, C] -> of the finer stage [4T, C].
at::Tensor up_in_units(const at::Tensor& x, int stage);

// Tokens [T, C] of a stage with their neighbours in the images, zero where nothing is.
at::Tensor convolve(const DepthwiseConv3x3& depthwise, const at::Tensor& tokens, const PlanTensors& plan, int stage);

// silu(sum of shares[i] * inputs[i]): inputs [T, C], shares [inputs] positive, of sum 1.
at::Tensor weighted_silu(at::TensorList inputs, const at::Tensor& shares);

}  // namespace glid
