#include <ATen/ATen.h>
#include <ATen/cuda/CUDAContext.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "../fused_on.h"
#include "low_precision.h"
#include "weighted_silu.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int kBlocksPerProcessor = 8;

cuda::WeightedSiluArgs silu_args(at::TensorList inputs, const at::Tensor& weights) {
  TORCH_CHECK(weights.scalar_type() == at::kFloat, "weights of maps are floats");
  cuda::WeightedSiluArgs args{.type = cuda::low_precision(inputs[0].scalar_type()),
                              .weights = weights.const_data_ptr<float>(),
                              .summands = static_cast<int>(inputs.size()),
                              .count = inputs[0].numel()};
  for (size_t i = 0; i < inputs.size(); ++i) args.inputs[i] = inputs[i].const_data_ptr();
  return args;
}

struct FusedWeightedSilu : torch::autograd::Function<FusedWeightedSilu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& weights, at::TensorList inputs) {
    variable_list saved{weights};
    saved.insert(saved.end(), inputs.begin(), inputs.end());
    ctx->save_for_backward(saved);
    const at::Tensor y = at::empty_like(inputs[0]);
    C10_CUDA_CHECK(
        cuda::weighted_silu_forward(silu_args(inputs, weights), y.mutable_data_ptr(), c10::cuda::getCurrentCUDAStream()));
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::TensorList inputs = at::TensorList(saved).slice(1);
    const at::Tensor &weights = saved[0], grad = grads[0].contiguous();
    const int blocks = kBlocksPerProcessor * at::cuda::getCurrentDeviceProperties()->multiProcessorCount;
    const at::Tensor sums = at::empty({blocks, cuda::kMaxSummands}, weights.options());
    variable_list gradients{{}};
    std::array<void*, cuda::kMaxSummands> places{};
    for (size_t i = 0; i < inputs.size(); ++i) {
      gradients.push_back(at::empty_like(inputs[i]));
      places[i] = gradients.back().mutable_data_ptr();
    }
    C10_CUDA_CHECK(cuda::weighted_silu_backward(silu_args(inputs, weights), grad.const_data_ptr(), places,
                                                sums.mutable_data_ptr<float>(), blocks, c10::cuda::getCurrentCUDAStream()));
    gradients[0] = sums.sum(0).narrow(0, 0, weights.size(0));
    return gradients;
  }
};

}  // namespace

bool fuses_weighted_silu_on_gpu(at::TensorList inputs) {
  const at::Tensor& first = inputs[0];
  return !PlainOperations::asked() && cuda::is_low(first.scalar_type()) && inputs.size() >= 2 &&
         inputs.size() <= cuda::kMaxSummands && first.size(-1) % 8 == 0 &&
         std::ranges::all_of(inputs, [&](const at::Tensor& x) {
           return x.is_cuda() && x.scalar_type() == first.scalar_type() && x.sizes() == first.sizes();
         });
}

at::Tensor fused_weighted_silu_on_gpu(at::TensorList inputs, const at::Tensor& weights) {
  std::vector<at::Tensor> whole;
  for (const at::Tensor& input : inputs) whole.push_back(input.contiguous());
  return FusedWeightedSilu::apply(weights, at::TensorList(whole));
}

}  // namespace glid
