#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/csrc/autograd/custom_function.h>

#include "depthwise.h"
#include "glid/nn/fused.h"
#include "low_precision.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int kTaps = 9, kBlocksPerProcessor = 4;

cuda::DepthwiseArgs depthwise_args(const at::Tensor& x, const at::Tensor& weight, const RowMap& cells, int64_t height,
                                   int64_t width) {
  return {.type = cuda::low_precision(x.scalar_type()),
          .x = x.const_data_ptr(),
          .weight = weight.const_data_ptr<float>(),
          .rows = cells.rows.const_data_ptr<int64_t>(),
          .cells = cells.inverse.const_data_ptr<int64_t>(),
          .tokens = x.size(0),
          .channels = static_cast<int>(x.size(1)),
          .height = static_cast<int>(height),
          .width = static_cast<int>(width)};
}

// x [T, C], weight [9, C] fp32.
struct FusedDepthwise : torch::autograd::Function<FusedDepthwise> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const RowMap& cells,
                            int64_t height, int64_t width) {
    ctx->save_for_backward({x, weight, cells.rows, cells.inverse});
    ctx->saved_data["height"] = height;
    ctx->saved_data["width"] = width;
    const at::Tensor y = at::empty_like(x);
    C10_CUDA_CHECK(cuda::depthwise(depthwise_args(x, weight, cells, height, width), y.mutable_data_ptr(), /*flipped=*/false,
                                   c10::cuda::getCurrentCUDAStream()));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], grad = grads[0].contiguous();
    const RowMap cells{.rows = saved[2], .inverse = saved[3], .empty = {}};
    const int64_t height = ctx->saved_data["height"].toInt(), width = ctx->saved_data["width"].toInt();
    const auto stream = c10::cuda::getCurrentCUDAStream();
    const at::Tensor grad_x = at::empty_like(x);
    C10_CUDA_CHECK(cuda::depthwise(depthwise_args(grad, weight, cells, height, width), grad_x.mutable_data_ptr(),
                                   /*flipped=*/true, stream));
    const int blocks = kBlocksPerProcessor * at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
    const at::Tensor sums = at::empty({blocks, kTaps, x.size(1)}, weight.options());
    C10_CUDA_CHECK(cuda::depthwise_weight_gradient(depthwise_args(x, weight, cells, height, width), grad.const_data_ptr(),
                                                   sums.mutable_data_ptr<float>(), blocks, stream));
    return {grad_x, sums.sum(0), {}, {}, {}};
  }
};

}  // namespace

bool fuses_depthwise(const at::Tensor& tokens) {
  const auto type = cuda::autocast_type();
  return !PlainOperations::asked() && tokens.is_cuda() && type && cuda::is_low(*type) && tokens.size(1) % 8 == 0 &&
         tokens.size(1) <= 2048;
}

at::Tensor fused_depthwise(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage) {
  const at::Tensor x = tokens.to(*cuda::autocast_type()).contiguous();
  return FusedDepthwise::apply(x, weight.view({-1, kTaps}).t().to(at::kFloat).contiguous(), plan.images[stage],
                               plan.height(stage), plan.width(stage));
}

}  // namespace glid
