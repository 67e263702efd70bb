// The devices' own fused operations; as those of fused.h, which choose.
#pragma once

#include "glid/nn/fused.h"

namespace glid {

bool fuses_window_attention_on_cpu(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows);
at::Tensor fused_window_attention_on_cpu(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                         const WindowTensors& windows);
bool fuses_tokens_on_cpu(const at::Tensor& tokens);  // convolutions and resizes
at::Tensor fused_depthwise_on_cpu(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage);
bool fuses_weighted_silu_on_cpu(at::TensorList inputs);
at::Tensor fused_weighted_silu_on_cpu(at::TensorList inputs, const at::Tensor& weights);
at::Tensor fused_pool_in_units_on_cpu(const at::Tensor& fine, int64_t side);
at::Tensor fused_up_in_units_on_cpu(const at::Tensor& coarse, int64_t side);
bool fuses_biased_gelu_on_cpu(at::ScalarType type, const at::Tensor& bias);
at::Tensor fused_biased_gelu_on_cpu(const at::Tensor& x, const at::Tensor& bias);

bool fuses_window_attention_on_gpu(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows);
at::Tensor fused_window_attention_on_gpu(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                         const WindowTensors& windows);
bool fuses_depthwise_on_gpu(const at::Tensor& tokens);
at::Tensor fused_depthwise_on_gpu(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage);
bool fuses_weighted_silu_on_gpu(at::TensorList inputs);
at::Tensor fused_weighted_silu_on_gpu(at::TensorList inputs, const at::Tensor& weights);
bool fuses_unit_resize_on_gpu(const at::Tensor& tokens);
at::Tensor fused_pool_in_units_on_gpu(const at::Tensor& fine, int64_t side);
at::Tensor fused_up_in_units_on_gpu(const at::Tensor& coarse, int64_t side);

}  // namespace glid
