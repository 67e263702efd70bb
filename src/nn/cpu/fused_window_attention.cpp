#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <memory>

#include "../fused_on.h"
#include "../saved_windows.h"
#include "on_cpu.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kLongestWindow = 256;  // whose scores fit the second cache

// Of all buckets; `table` [heads, R].
template <class T>
cpu::WindowArgs<T> window_args(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& table,
                               const WindowTensors& windows) {
  return {.qkv = cpu::in<T>(qkv),
          .phantom = cpu::in<T>(phantom),
          .table = table.const_data_ptr<float>(),
          .rows = windows.map.rows.const_data_ptr<int64_t>(),
          .tokens = qkv.size(0),
          .heads = table.size(0),
          .head_dim = qkv.size(1) / (3 * table.size(0)),
          .table_rows = table.size(1)};
}

// f(args, part, begin, end, scratch) for parts of the windows of every bucket.
template <class T, class F>
void for_windows(cpu::WindowArgs<T> args, const WindowTensors& windows, const F& f) {
  for (const WindowBucketTensors& bucket : windows.buckets) {
    args.bias_index = bucket.bias_index.const_data_ptr<int32_t>();
    args.key_mask = bucket.key_mask.defined() ? bucket.key_mask.const_data_ptr<float>() : nullptr;
    args.length = bucket.length;
    args.layouts = bucket.bias_index.size(0);
    cpu::in_parts(bucket.num_windows, [&](int64_t part, int64_t begin, int64_t end) {
      if (begin == end) return;
      const auto floats = static_cast<size_t>(cpu::attention_scratch(args.length, args.head_dim));
      const auto scratch = std::make_unique_for_overwrite<float[]>(floats);
      f(args, part, begin, end, scratch.get());
    });
    args.rows += bucket.num_windows * bucket.length;
  }
}

double flop_of(const at::Tensor& qkv, const WindowTensors& windows, int products) {
  double flop = 0;
  for (const WindowBucketTensors& bucket : windows.buckets)
    flop += 2.0 * products * static_cast<double>(bucket.num_windows * bucket.length * bucket.length * (qkv.size(1) / 3));
  return flop;
}

struct WindowAttentionOnCpu : torch::autograd::Function<WindowAttentionOnCpu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& table,
                            const WindowTensors& windows) {
    RECORD_FUNCTION("glid::window_attention", std::vector<c10::IValue>());
    const at::Tensor by_head = table.t().contiguous();
    variable_list saved{qkv, phantom, by_head};
    for (const at::Tensor& tensor : tensors_to_save(windows)) saved.push_back(tensor);
    ctx->save_for_backward(saved);
    ctx->saved_data["shapes"] = shapes_to_save(windows);
    record_products(flop_of(qkv, windows, 2));
    const at::Tensor out = at::empty({qkv.size(0), qkv.size(1) / 3}, qkv.options());
    cpu::with_kernels(qkv.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      cpu::WindowArgs<T> args = window_args<T>(qkv, phantom, by_head, windows);
      args.out = cpu::out<T>(out);
      for_windows(args, windows, [&](const auto& bucket, int64_t, int64_t begin, int64_t end, float* scratch) {
        kernels.attend(bucket, begin, end, scratch);
      });
    });
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &qkv = saved[0], &phantom = saved[1], &table = saved[2], grad = grads[0].contiguous();
    const WindowTensors windows = saved_windows(saved, 3, ctx->saved_data["shapes"].toIntVector());
    record_products(flop_of(qkv, windows, 4));
    const at::Tensor grad_qkv = at::empty_like(qkv);
    const at::Tensor grad_phantom = at::zeros({cpu::kParts, phantom.size(0)}, table.options());
    const at::Tensor grad_table = at::zeros({cpu::kParts, table.size(0), table.size(1)}, table.options());
    cpu::with_kernels(qkv.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      cpu::WindowArgs<T> args = window_args<T>(qkv, phantom, table, windows);
      args.grad_out = cpu::in<T>(grad);
      args.grad_qkv = cpu::out<T>(grad_qkv);
      for_windows(args, windows, [&](auto bucket, int64_t part, int64_t begin, int64_t end, float* scratch) {
        bucket.grad_phantom = grad_phantom.mutable_data_ptr<float>() + part * phantom.size(0);
        bucket.grad_table = grad_table.mutable_data_ptr<float>() + part * table.numel();
        kernels.attend_backward(bucket, begin, end, scratch);
      });
    });
    return {grad_qkv,
            windows.map.empty.defined() ? grad_phantom.sum(0).to(phantom.scalar_type()) : at::Tensor(),
            grad_table.sum(0).t(),
            {}};
  }
};

}  // namespace

bool fuses_window_attention_on_cpu(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows) {
  const auto is_short = [](const WindowBucketTensors& bucket) { return bucket.length <= kLongestWindow; };
  return !PlainOperations::asked() && cpu::has_kernels(qkv) && bias_table.scalar_type() == at::kFloat &&
         qkv.size(1) % (3 * bias_table.size(1) * cpu::kChannelGroup) == 0 && std::ranges::all_of(windows.buckets, is_short);
}

at::Tensor fused_window_attention_on_cpu(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                         const WindowTensors& windows) {
  return WindowAttentionOnCpu::apply(qkv.contiguous(), phantom.to(qkv.scalar_type()), bias_table, windows);
}

}  // namespace glid
