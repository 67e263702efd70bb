#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/csrc/autograd/custom_function.h>

#include "../fused_on.h"
#include "depthwise.h"
#include "low_precision.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int kBlocksPerProcessor = 4;

cuda::DepthwiseArgs depthwise_args(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& neighbours) {
  return {.type = cuda::low_precision(x.scalar_type()),
          .x = x.const_data_ptr(),
          .weight = weight.const_data_ptr<float>(),
          .neighbours = neighbours.const_data_ptr<int32_t>(),
          .tokens = x.size(0),
          .channels = static_cast<int>(x.size(1))};
}

// [T, 9]
at::Tensor neighbours_of(const PlanTensors& plan, int stage) {
  const RowMap& map = plan.images[stage];
  const at::Tensor neighbours = at::empty({map.inverse.size(0), cuda::kTaps}, map.inverse.options().dtype(at::kInt));
  C10_CUDA_CHECK(cuda::find_neighbours({.rows = map.rows.const_data_ptr<int64_t>(),
                                        .cells = map.inverse.const_data_ptr<int64_t>(),
                                        .tokens = map.inverse.size(0),
                                        .height = static_cast<int>(plan.height(stage)),
                                        .width = static_cast<int>(plan.width(stage))},
                                       neighbours.mutable_data_ptr<int32_t>(), c10::cuda::getCurrentCUDAStream()));
  return neighbours;
}

// x [T, C], weight [9, C] fp32, neighbours [T, 9].
struct FusedDepthwise : torch::autograd::Function<FusedDepthwise> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& neighbours) {
    ctx->save_for_backward({x, weight, neighbours});
    record_products(2.0 * cuda::kTaps * static_cast<double>(x.numel()));
    const at::Tensor y = at::empty_like(x);
    C10_CUDA_CHECK(cuda::depthwise(depthwise_args(x, weight, neighbours), y.mutable_data_ptr(), /*flipped=*/false,
                                   c10::cuda::getCurrentCUDAStream()));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &neighbours = saved[2], grad = grads[0].contiguous();
    record_products(4.0 * cuda::kTaps * static_cast<double>(x.numel()));
    const auto stream = c10::cuda::getCurrentCUDAStream();
    const at::Tensor grad_x = at::empty_like(x);
    C10_CUDA_CHECK(
        cuda::depthwise(depthwise_args(grad, weight, neighbours), grad_x.mutable_data_ptr(), /*flipped=*/true, stream));
    const int blocks = kBlocksPerProcessor * at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
    const at::Tensor sums = at::empty({blocks, cuda::kTaps, x.size(1)}, weight.options());
    C10_CUDA_CHECK(cuda::depthwise_weight_gradient(depthwise_args(x, weight, neighbours), grad.const_data_ptr(),
                                                   sums.mutable_data_ptr<float>(), blocks, stream));
    return {grad_x, sums.sum(0), {}};
  }
};

}  // namespace

bool fuses_depthwise_on_gpu(const at::Tensor& tokens) {
  const auto type = cuda::autocast_type();
  return !PlainOperations::asked() && tokens.is_cuda() && type && cuda::is_low(*type) && tokens.size(1) % 8 == 0 &&
         tokens.size(1) <= cuda::kMaxDepthwiseChannels;
}

at::Tensor fused_depthwise_on_gpu(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage) {
  const at::Tensor x = tokens.to(*cuda::autocast_type()).contiguous();
  return FusedDepthwise::apply(x, weight.view({-1, cuda::kTaps}).t().to(at::kFloat).contiguous(),
                               neighbours_of(plan, stage));
}

}  // namespace glid
