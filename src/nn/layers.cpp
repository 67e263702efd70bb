#include "glid/nn/layers.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include "glid/nn/fused.h"
#include "glid/nn/weight_copies.h"

namespace glid {
namespace {

at::ScalarType type_of_products(const at::Tensor& x) {
  const c10::DeviceType device = x.device().type();
  return at::autocast::is_autocast_enabled(device) ? at::autocast::get_autocast_dtype(device) : x.scalar_type();
}

}  // namespace

Linear::Linear(int64_t in, int64_t out, bool with_bias) {
  weight = register_parameter("weight", at::empty({out, in}));
  if (with_bias) bias = register_parameter("bias", at::zeros({out}));
}

at::Tensor Linear::forward(const at::Tensor& x) const {
  return at::linear(x, autocast_weight(weight), autocast_weight(bias));
}

at::Tensor gelu_of(const Linear& linear, const at::Tensor& x) {
  if (!linear.bias.defined() || !fuses_biased_gelu(type_of_products(x), linear.bias)) return at::gelu(linear.forward(x));
  return fused_biased_gelu(at::linear(x, autocast_weight(linear.weight)), linear.bias);
}

LayerNorm::LayerNorm(int64_t channels, double eps) : eps(eps) {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

// Autocast casts the input on CUDA only: on the CPU bf16 would stay bf16.
at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x.to(weight.scalar_type()), weight.sizes(), weight, bias, eps);
}

DepthwiseConv3x3::DepthwiseConv3x3(int64_t channels) {
  weight = register_parameter("weight", at::empty({channels, 1, 3, 3}));
}

at::Tensor DepthwiseConv3x3::forward(const at::Tensor& x) const {
  return at::conv2d(x, autocast_weight(weight), {}, /*stride=*/1, /*padding=*/1, /*dilation=*/1, /*groups=*/weight.size(0));
}

}  // namespace glid
