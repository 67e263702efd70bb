#include "glid/nn/window_attention.h"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "glid/nn/fused.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Both loops run over heads in parallel, so that the gradient's sums keep their order with any number of threads.
template <typename T>
void gather_bias(const T* table, const int32_t* index, T* bias, const at::IntArrayRef shape) {
  const int64_t heads = shape[1], area = shape[2] * shape[3];
  at::parallel_for(0, shape[0] * heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int32_t* where = index + i / heads * area;
      const T* column = table + i % heads;
      T* out = bias + i * area;
      for (int64_t j = 0; j < area; ++j) out[j] = column[where[j] * heads];
    }
  });
}

template <typename T>
void add_bias_gradient(const T* grad, const int32_t* index, T* table_grad, const at::IntArrayRef shape) {
  const int64_t heads = shape[1], area = shape[2] * shape[3];
  at::parallel_for(0, heads, 1, [&](int64_t begin, int64_t end) {
    for (int64_t head = begin; head < end; ++head)
      for (int64_t w = 0; w < shape[0]; ++w) {
        const int32_t* where = index + w * area;
        const T* from = grad + (w * heads + head) * area;
        for (int64_t j = 0; j < area; ++j) table_grad[where[j] * heads + head] += from[j];
      }
  });
}

struct RelativeBias : torch::autograd::Function<RelativeBias> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& table, const at::Tensor& index) {
    ctx->save_for_backward({index});
    ctx->saved_data["rows"] = table.size(0);
    const int64_t heads = table.size(1), windows = index.size(0), length = index.size(1);
    if (!table.is_cpu())
      return table.index_select(0, index.view(-1)).view({windows, length, length, heads}).permute({0, 3, 1, 2});
    const at::Tensor rows = table.contiguous(), places = index.contiguous();
    const at::Tensor bias = at::empty({windows, heads, length, length}, table.options());
    AT_DISPATCH_FLOATING_TYPES(table.scalar_type(), "relative_bias", [&] {
      gather_bias(rows.const_data_ptr<scalar_t>(), places.const_data_ptr<int32_t>(), bias.mutable_data_ptr<scalar_t>(),
                  bias.sizes());
    });
    return bias;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor index = ctx->get_saved_variables()[0].contiguous(), grad = grads[0].contiguous();
    const int64_t heads = grad.size(1);
    const at::Tensor table_grad = at::zeros({ctx->saved_data["rows"].toInt(), heads}, grad.options());
    if (!grad.is_cpu()) {
      table_grad.index_add_(0, index.view(-1), grad.permute({0, 2, 3, 1}).reshape({-1, heads}));
      return {table_grad, {}};
    }
    AT_DISPATCH_FLOATING_TYPES(grad.scalar_type(), "relative_bias_backward", [&] {
      add_bias_gradient(grad.const_data_ptr<scalar_t>(), index.const_data_ptr<int32_t>(),
                        table_grad.mutable_data_ptr<scalar_t>(), grad.sizes());
    });
    return {table_grad, {}};
  }
};

// scores [W, heads, L, L] and the biases [D, heads, L, L] of D layouts in turn.
at::Tensor add_bias(const at::Tensor& scores, const at::Tensor& bias) {
  const int64_t layouts = bias.size(0), heads = scores.size(1), length = scores.size(2);
  if (layouts == 1 || layouts == scores.size(0)) return scores + bias;
  return (scores.view({-1, layouts, heads, length, length}) + bias).view(scores.sizes());
}

// qkv [W * L, 3C] of one bucket -> [W * L, C].
at::Tensor bucket_attention(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowBucketTensors& bucket) {
  const int64_t heads = bias_table.size(1), channels = qkv.size(1) / 3, head_dim = channels / heads;
  const auto parts = qkv.view({bucket.num_windows, bucket.length, 3, heads, head_dim}).permute({2, 0, 3, 1, 4}).unbind(0);
  const at::Tensor query = parts[0] * std::pow(static_cast<double>(head_dim), -0.5);
  at::Tensor bias = relative_bias(bias_table, bucket.bias_index);  // [D, heads, L, L]
  if (bucket.key_mask.defined()) bias = bias + bucket.key_mask.to(bias.scalar_type());
  const at::Tensor weights = add_bias(at::matmul(query, parts[1].transpose(2, 3)), bias).softmax(-1);
  return at::matmul(weights.to(qkv.scalar_type()), parts[2]).transpose(1, 2).reshape({-1, channels});
}

}  // namespace

at::Tensor relative_bias(const at::Tensor& bias_table, const at::Tensor& index) {
  return RelativeBias::apply(bias_table, index);
}

at::Tensor window_attention(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                            const WindowTensors& windows) {
  if (fuses_window_attention(qkv, bias_table, windows)) return fused_window_attention(qkv, phantom, bias_table, windows);
  std::vector<int64_t> places;
  for (const WindowBucketTensors& bucket : windows.buckets) places.push_back(bucket.num_windows * bucket.length);
  const std::vector<at::Tensor> placed =
      spread(qkv, windows.map, phantom).split_with_sizes(places);  // of buckets [places, 3C]
  std::vector<at::Tensor> outputs;
  for (size_t i = 0; i < placed.size(); ++i) outputs.push_back(bucket_attention(placed[i], bias_table, windows.buckets[i]));
  return collect(outputs.size() == 1 ? outputs[0] : at::cat(outputs), windows.map);
}

}  // namespace glid
