#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/csrc/autograd/custom_function.h>

#include "glid/nn/fused.h"
#include "layer_norm.h"
#include "low_precision.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int kBlocksPerProcessor = 4;

// x [.., C]; mean and rstd [rows].
cuda::LayerNormArgs norm_args(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& mean,
                              const at::Tensor& rstd, at::ScalarType type, double eps) {
  return {.type = cuda::low_precision(type),
          .low_x = x.scalar_type() == type,
          .x = x.const_data_ptr(),
          .weight = weight.const_data_ptr<float>(),
          .bias = bias.const_data_ptr<float>(),
          .mean = mean.mutable_data_ptr<float>(),
          .rstd = rstd.mutable_data_ptr<float>(),
          .rows = mean.numel(),
          .channels = static_cast<int>(x.size(-1)),
          .eps = static_cast<float>(eps)};
}

struct FusedLayerNorm : torch::autograd::Function<FusedLayerNorm> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                            double eps, at::ScalarType type) {
    const at::Tensor mean = at::empty({x.numel() / x.size(-1)}, weight.options()), rstd = at::empty_like(mean);
    const at::Tensor y = at::empty(x.sizes(), x.options().dtype(type));
    C10_CUDA_CHECK(cuda::layer_norm_forward(norm_args(x, weight, bias, mean, rstd, type, eps), y.mutable_data_ptr(),
                                            c10::cuda::getCurrentCUDAStream()));
    ctx->save_for_backward({x, weight, bias, mean, rstd});
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], grad = grads[0].contiguous(), grad_x = at::empty_like(x);
    const int blocks = kBlocksPerProcessor * at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
    const at::Tensor sums = at::empty({blocks, 2, x.size(-1)}, weight.options());
    C10_CUDA_CHECK(cuda::layer_norm_backward(
        norm_args(x, weight, saved[2], saved[3], saved[4], grad.scalar_type(), /*eps=*/0), grad.const_data_ptr(),
        grad_x.mutable_data_ptr(), sums.mutable_data_ptr<float>(), blocks, c10::cuda::getCurrentCUDAStream()));
    const std::vector<at::Tensor> sum = sums.sum(0).unbind(0);
    return {grad_x, sum[0], sum[1], {}, {}};
  }
};

}  // namespace

bool fuses_layer_norm(const at::Tensor& x) {
  const auto type = cuda::autocast_type();
  return !PlainOperations::asked() && x.is_cuda() && type && cuda::is_low(*type) && x.size(-1) % 4 == 0 &&
         x.size(-1) <= cuda::kMaxNormChannels && (x.scalar_type() == *type || x.scalar_type() == at::kFloat);
}

at::Tensor fused_layer_norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  return FusedLayerNorm::apply(x.contiguous(), weight, bias, eps, *cuda::autocast_type());
}

}  // namespace glid
