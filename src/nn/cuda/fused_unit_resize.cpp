#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "../fused_on.h"
#include "low_precision.h"
#include "unit_resize.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// `coarse` tokens of units that are `side` tokens wide.
cuda::UnitResizeArgs resize_args(const at::Tensor& tokens, int64_t coarse, int64_t side) {
  return {.type = cuda::low_precision(tokens.scalar_type()),
          .units = coarse / (side * side),
          .side = static_cast<int>(side),
          .channels = static_cast<int>(tokens.size(1))};
}

at::Tensor tokens_like(const at::Tensor& tokens, int64_t count) {
  return at::empty({count, tokens.size(1)}, tokens.options());
}

struct FusedPool : torch::autograd::Function<FusedPool> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& fine, int64_t side) {
    ctx->save_for_backward({fine});
    ctx->saved_data["side"] = side;
    const at::Tensor coarse = tokens_like(fine, fine.size(0) / 4);
    C10_CUDA_CHECK(cuda::max_of_fine(resize_args(fine, coarse.size(0), side), fine.const_data_ptr(),
                                     coarse.mutable_data_ptr(), c10::cuda::getCurrentCUDAStream()));
    return coarse;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor fine = ctx->get_saved_variables()[0], grad = grads[0].contiguous(), grad_fine = at::empty_like(fine);
    C10_CUDA_CHECK(cuda::max_of_fine_gradient(resize_args(fine, grad.size(0), ctx->saved_data["side"].toInt()),
                                              fine.const_data_ptr(), grad.const_data_ptr(), grad_fine.mutable_data_ptr(),
                                              c10::cuda::getCurrentCUDAStream()));
    return {grad_fine, {}};
  }
};

struct FusedUp : torch::autograd::Function<FusedUp> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& coarse, int64_t side) {
    ctx->saved_data["side"] = side;
    const at::Tensor fine = tokens_like(coarse, 4 * coarse.size(0));
    C10_CUDA_CHECK(cuda::repeat_coarse(resize_args(coarse, coarse.size(0), side), coarse.const_data_ptr(),
                                       fine.mutable_data_ptr(), c10::cuda::getCurrentCUDAStream()));
    return fine;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor grad = grads[0].contiguous(), grad_coarse = tokens_like(grad, grad.size(0) / 4);
    C10_CUDA_CHECK(cuda::sum_of_fine(resize_args(grad, grad_coarse.size(0), ctx->saved_data["side"].toInt()),
                                     grad.const_data_ptr(), grad_coarse.mutable_data_ptr(),
                                     c10::cuda::getCurrentCUDAStream()));
    return {grad_coarse, {}};
  }
};

}  // namespace

bool fuses_unit_resize_on_gpu(const at::Tensor& tokens) {
  return !PlainOperations::asked() && tokens.is_cuda() && cuda::is_low(tokens.scalar_type()) && tokens.size(1) % 8 == 0;
}

at::Tensor fused_pool_in_units_on_gpu(const at::Tensor& fine, int64_t side) {
  return FusedPool::apply(fine.contiguous(), side);
}
at::Tensor fused_up_in_units_on_gpu(const at::Tensor& coarse, int64_t side) {
  return FusedUp::apply(coarse.contiguous(), side);
}

}  // namespace glid
