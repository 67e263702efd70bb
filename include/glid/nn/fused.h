// Operations in one pass where ATen would need many. Each stands behind the plain one, which asks whether it applies
// (`fuses_..`): in 16 bits on NVIDIA GPUs, in builds with CUDA, and in floats or bf16 on CPUs, where shapes fit.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/plan_tensors.h"

namespace glid {

// While one lives, nothing is fused: to compare with. One thread at a time. GLID_FUSED=0 in the environment asks for it
// all along.
class PlainOperations {
 public:
  PlainOperations();
  ~PlainOperations();
  PlainOperations(const PlainOperations&) = delete;
  PlainOperations& operator=(const PlainOperations&) = delete;

  static bool asked();
};

// Tells FlopCounter of products that ATen doesn't see: two for a multiplication with its addition.
void record_products(double flop);
inline constexpr const char* kProducts = "glid::products";

// As window_attention(): heads of 16 or 32 channels, windows of up to 160 places (on CPUs heads of multiples of 16, windows
// of up to 256). Weights are computed again in the backward pass; on GPUs the gradient of the bias table adds up in no fixed
// order.
bool fuses_window_attention(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows);
at::Tensor fused_window_attention(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                  const WindowTensors& windows);

// A depthwise 3 x 3 convolution [C, 1, 3, 3] of the images that hold the tokens [T, C] of a stage, at these tokens alone:
// what to_tokens(conv(to_image(tokens))) is, without the images. Returns [T, C], on GPUs in autocast's type.
bool fuses_depthwise(const at::Tensor& tokens);
at::Tensor fused_depthwise(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage);

// LayerNorm of x [.., C], up to 1,024 channels, a multiple of 4, in autocast's type (low_precision_norm.h).
bool fuses_layer_norm(const at::Tensor& x);
at::Tensor fused_layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

// silu(sum of weights[i] * inputs[i]) of two or three inputs [T, C] of one type; weights [n] in fp32. (EfficientDet's fast
// normalised fusion, its weights already positive and normalised.)
bool fuses_weighted_silu(at::TensorList inputs);
at::Tensor fused_weighted_silu(at::TensorList inputs, const at::Tensor& weights);

// gelu(x + bias) of x [.., C] in `type`, the result of a product without its bias, and bias [C] in floats; erf to 1.5e-7. On
// CPUs only, where it saves readings of memory.
bool fuses_biased_gelu(at::ScalarType type, const at::Tensor& bias);
at::Tensor fused_biased_gelu(const at::Tensor& x, const at::Tensor& bias);

// Tokens [T, C] in units, unit-major: the largest of each 2 x 2 of fine ones, whose maps are 2 `side` wide inside a unit,
// and each coarse one, of maps `side` wide, as 2 x 2.
bool fuses_unit_resize(const at::Tensor& tokens);
at::Tensor fused_pool_in_units(const at::Tensor& fine, int64_t side);
at::Tensor fused_up_in_units(const at::Tensor& coarse, int64_t side);

}  // namespace glid
