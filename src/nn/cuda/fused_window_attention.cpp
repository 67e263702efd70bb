#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>

#include "../fused_on.h"
#include "../saved_windows.h"
#include "low_precision.h"
#include "window_attention.h"

namespace glid {
namespace {

using cuda::WindowBucketArgs;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Arguments of all buckets; those of places point into the plan's tensors.
std::vector<WindowBucketArgs> bucket_args(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& table,
                                          const WindowTensors& windows, bool backward) {
  const int64_t heads = table.size(1);
  const int processors = at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
  WindowBucketArgs shared{.type = cuda::low_precision(qkv.scalar_type()),
                          .qkv = qkv.const_data_ptr(),
                          .phantom = phantom.const_data_ptr(),
                          .table = table.const_data_ptr<float>(),
                          .rows = windows.map.rows.const_data_ptr<int64_t>(),
                          .tokens = qkv.size(0),
                          .heads = static_cast<int>(heads),
                          .head_dim = static_cast<int>(qkv.size(1) / (3 * heads)),
                          .table_rows = static_cast<int>(table.size(0))};
  std::vector<WindowBucketArgs> all;
  for (const WindowBucketTensors& bucket : windows.buckets) {
    WindowBucketArgs args = shared;
    args.bias_index = bucket.bias_index.const_data_ptr<int32_t>();
    args.key_mask = bucket.key_mask.defined() ? bucket.key_mask.const_data_ptr<float>() : nullptr;
    args.windows = static_cast<int>(bucket.num_windows);
    args.length = static_cast<int>(bucket.length);
    args.layouts = static_cast<int>(bucket.bias_index.size(0));
    C10_CUDA_CHECK(cuda::choose_blocks(args, backward, processors));
    all.push_back(args);
    shared.rows += bucket.num_windows * bucket.length;
  }
  return all;
}

// Of so many products of queries with keys, or of weights with values.
double flop_of(const std::vector<WindowBucketArgs>& all, int products) {
  double flop = 0;
  for (const WindowBucketArgs& args : all)
    flop += 2.0 * products * args.windows * args.length * args.length * args.heads * args.head_dim;
  return flop;
}

struct FusedWindowAttention : torch::autograd::Function<FusedWindowAttention> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& table,
                            const WindowTensors& windows) {
    variable_list saved{qkv, phantom, table};
    for (const at::Tensor& tensor : tensors_to_save(windows)) saved.push_back(tensor);
    ctx->save_for_backward(saved);
    ctx->saved_data["shapes"] = shapes_to_save(windows);
    const at::Tensor out = at::empty({qkv.size(0), qkv.size(1) / 3}, qkv.options());
    std::vector<WindowBucketArgs> all = bucket_args(qkv, phantom, table, windows, /*backward=*/false);
    record_products(flop_of(all, 2));
    for (WindowBucketArgs& args : all) {
      args.out = out.mutable_data_ptr();
      C10_CUDA_CHECK(cuda::window_attention_forward(args, c10::cuda::getCurrentCUDAStream()));
    }
    return out;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &qkv = saved[0], &phantom = saved[1], &table = saved[2];
    const WindowTensors windows = saved_windows(saved, 3, ctx->saved_data["shapes"].toIntVector());
    const at::Tensor grad = grads[0].contiguous(), grad_qkv = at::empty_like(qkv);
    const at::Tensor grad_phantom = at::zeros(phantom.sizes(), table.options());
    std::vector<WindowBucketArgs> all = bucket_args(qkv, phantom, table, windows, /*backward=*/true);
    record_products(flop_of(all, 4));
    const int64_t blocks =
        std::transform_reduce(all.begin(), all.end(), int64_t{0}, std::plus(), [](const auto& args) { return args.blocks; });
    const at::Tensor grad_table = at::empty({blocks, table.size(0), table.size(1)}, table.options());
    float* sums = grad_table.mutable_data_ptr<float>();
    for (WindowBucketArgs& args : all) {
      args.grad_out = grad.const_data_ptr();
      args.grad_qkv = grad_qkv.mutable_data_ptr();
      args.grad_phantom = grad_phantom.mutable_data_ptr<float>();
      args.grad_table = sums;
      sums += args.blocks * table.numel();
      C10_CUDA_CHECK(cuda::window_attention_backward(args, c10::cuda::getCurrentCUDAStream()));
    }
    return {grad_qkv,
            windows.map.empty.defined() ? grad_phantom.to(phantom.scalar_type()) : at::Tensor(),
            grad_table.sum(0),
            {}};
  }
};

}  // namespace

bool fuses_window_attention_on_gpu(const at::Tensor& qkv, const at::Tensor& bias_table, const WindowTensors& windows) {
  const int64_t head_dim = qkv.size(1) / (3 * bias_table.size(1));
  if (PlainOperations::asked() || !qkv.is_cuda() || !cuda::is_low(qkv.scalar_type()) ||
      bias_table.scalar_type() != at::kFloat)
    return false;
  int64_t longest = 0;
  for (const WindowBucketTensors& bucket : windows.buckets) longest = std::max(longest, bucket.length);
  if ((head_dim != 16 && head_dim != 32) || longest > cuda::kMaxWindowLength) return false;
  return cuda::window_attention_bytes(static_cast<int>(longest), static_cast<int>(head_dim),
                                      static_cast<int>(bias_table.size(0))) <=
         at::cuda::getCurrentDeviceProperties()->sharedMemPerBlockOptin;
}

at::Tensor fused_window_attention_on_gpu(const at::Tensor& qkv, const at::Tensor& phantom, const at::Tensor& bias_table,
                                         const WindowTensors& windows) {
  return FusedWindowAttention::apply(qkv.contiguous(), phantom.to(qkv.scalar_type()), bias_table.contiguous(), windows);
}

}  // namespace glid
