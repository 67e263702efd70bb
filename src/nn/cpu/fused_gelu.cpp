#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include "../fused_on.h"
#include "on_cpu.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr int64_t kGrain = 16;  // rows that are worth a thread

// x [.., C], bias [C] fp32.
struct BiasedGeluOnCpu : torch::autograd::Function<BiasedGeluOnCpu> {
  template <class T>
  static cpu::BiasedArgs<T> args_of(const at::Tensor& x, const at::Tensor& bias) {
    return {cpu::in<T>(x), bias.const_data_ptr<float>(), bias.size(0)};
  }
  static int64_t rows_of(const at::Tensor& x, const at::Tensor& bias) { return x.numel() / bias.size(0); }

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& bias) {
    RECORD_FUNCTION("glid::biased_gelu", std::vector<c10::IValue>());
    ctx->save_for_backward({x, bias});
    const at::Tensor y = at::empty_like(x);
    cpu::with_kernels(x.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(x, bias);
      at::parallel_for(0, rows_of(x, bias), kGrain,
                       [&](int64_t begin, int64_t end) { kernels.biased_gelu(args, cpu::out<T>(y), begin, end); });
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &bias = saved[1], grad = grads[0].contiguous(), grad_x = at::empty_like(x);
    const at::Tensor sums = at::zeros({cpu::kParts, bias.size(0)}, bias.options());
    cpu::with_kernels(x.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(x, bias);
      cpu::in_parts(rows_of(x, bias), [&](int64_t part, int64_t begin, int64_t end) {
        float* sum = sums.mutable_data_ptr<float>() + part * bias.size(0);
        kernels.biased_gelu_backward(args, cpu::in<T>(grad), cpu::out<T>(grad_x), sum, begin, end);
      });
    });
    return {grad_x, sums.sum(0)};
  }
};

}  // namespace

bool fuses_biased_gelu_on_cpu(at::ScalarType type, const at::Tensor& bias) {
  return !PlainOperations::asked() && bias.scalar_type() == at::kFloat && bias.size(0) % cpu::kChannelGroup == 0 &&
         cpu::has_kernels(type);
}

at::Tensor fused_biased_gelu_on_cpu(const at::Tensor& x, const at::Tensor& bias) {
  TORCH_CHECK(bias.dim() == 1 && x.dim() > 0 && x.size(-1) == bias.size(0), "biased_gelu: a bias of ", bias.sizes(),
              " for x of ", x.sizes());
  return BiasedGeluOnCpu::apply(x.contiguous(), bias.contiguous());
}

}  // namespace glid
