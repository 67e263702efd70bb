#include "glid/nn/fused.h"

#include <ATen/record_function.h>
#include <c10/util/Exception.h>

#include <cstdlib>
#include <string_view>

#include "fused_on.h"
#include "glid/nn/low_precision_norm.h"

namespace glid {
namespace {

bool is_asked = false;

bool environment_asks() {
  const char* fused = std::getenv("GLID_FUSED");
  return fused != nullptr && std::string_view(fused) == "0";
}

}  // namespace

PlainOperations::PlainOperations() {
  TORCH_CHECK(!is_asked, "one PlainOperations at a time");
  is_asked = true;
}

PlainOperations::~PlainOperations() { is_asked = false; }

bool PlainOperations::asked() {
  static const bool always = environment_asks();
  return always || is_asked;
}

void record_products(double flop) { RECORD_FUNCTION(kProducts, std::vector<c10::IValue>{flop}); }

bool fuses_window_attention(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows) {
  return qkv.is_cpu() ? fuses_window_attention_on_cpu(qkv, bias_table, windows)
                      : fuses_window_attention_on_gpu(qkv, bias_table, windows);
}

at::Tensor fused_window_attention(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                  const WindowTensors& windows) {
  return (qkv.is_cpu() ? fused_window_attention_on_cpu : fused_window_attention_on_gpu)(qkv, phantom, bias_table, windows);
}

bool fuses_depthwise(const at::Tensor& tokens) {
  return (tokens.is_cpu() ? fuses_tokens_on_cpu : fuses_depthwise_on_gpu)(tokens);
}

at::Tensor fused_depthwise(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage) {
  return (tokens.is_cpu() ? fused_depthwise_on_cpu : fused_depthwise_on_gpu)(tokens, weight, plan, stage);
}

bool fuses_weighted_silu(at::TensorList inputs) {
  return (inputs[0].is_cpu() ? fuses_weighted_silu_on_cpu : fuses_weighted_silu_on_gpu)(inputs);
}

at::Tensor fused_weighted_silu(at::TensorList inputs, const at::Tensor& weights) {
  return (inputs[0].is_cpu() ? fused_weighted_silu_on_cpu : fused_weighted_silu_on_gpu)(inputs, weights);
}

bool fuses_biased_gelu(at::ScalarType type, const at::Tensor& bias) {
  return bias.is_cpu() && fuses_biased_gelu_on_cpu(type, bias);
}

at::Tensor fused_biased_gelu(const at::Tensor& x, const at::Tensor& bias) { return fused_biased_gelu_on_cpu(x, bias); }

bool fuses_unit_resize(const at::Tensor& tokens) {
  return (tokens.is_cpu() ? fuses_tokens_on_cpu : fuses_unit_resize_on_gpu)(tokens);
}

at::Tensor fused_pool_in_units(const at::Tensor& fine, int64_t side) {
  return (fine.is_cpu() ? fused_pool_in_units_on_cpu : fused_pool_in_units_on_gpu)(fine, side);
}

at::Tensor fused_up_in_units(const at::Tensor& coarse, int64_t side) {
  return (coarse.is_cpu() ? fused_up_in_units_on_cpu : fused_up_in_units_on_gpu)(coarse, side);
}

at::Tensor low_precision_norm(const LayerNorm& norm, const at::Tensor& x) {
  return fuses_layer_norm(x) ? fused_layer_norm(x, norm.weight, norm.bias, norm.eps) : norm.forward(x);
}

}  // namespace glid
