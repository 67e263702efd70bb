#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "../fused_on.h"
#include "on_cpu.h"

namespace glid {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using cpu::kTaps;
constexpr int64_t kGrain = 64;  // tokens that are worth a thread

struct Around {
  int64_t height, width;

  // The cell beside one of [B, H, W]; none where the image ends.
  int64_t cell(int64_t from, int64_t tap) const {
    const int64_t dy = tap / 3 - 1, dx = tap % 3 - 1, y = from / width % height + dy, x = from % width + dx;
    return y >= 0 && y < height && x >= 0 && x < width ? from + dy * width + dx : -1;
  }
};

// [T, 9]: the tokens beside each, -1 where there is none.
at::Tensor neighbours_of(const PlanTensors& plan, int stage) {
  const RowMap& map = plan.images[stage];
  const int64_t tokens = map.inverse.size(0);
  const Around around{plan.height(stage), plan.width(stage)};
  const at::Tensor neighbours = at::empty({tokens, kTaps}, map.inverse.options().dtype(at::kInt));
  const auto *rows = map.rows.const_data_ptr<int64_t>(), *cells = map.inverse.const_data_ptr<int64_t>();
  auto* to = neighbours.mutable_data_ptr<int32_t>();
  at::parallel_for(0, tokens, kGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * kTaps; i < end * kTaps; ++i) {
      const int64_t cell = around.cell(cells[i / kTaps], i % kTaps);
      to[i] = cell >= 0 && rows[cell] < tokens ? static_cast<int32_t>(rows[cell]) : -1;
    }
  });
  return neighbours;
}

// x [T, C], weight [9, C] fp32, neighbours [T, 9].
struct DepthwiseOnCpu : torch::autograd::Function<DepthwiseOnCpu> {
  template <class T>
  static cpu::TapArgs<T> args_of(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& neighbours) {
    return {cpu::in<T>(x), weight.const_data_ptr<float>(), neighbours.const_data_ptr<int32_t>(), x.size(1)};
  }

  static at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& neighbours, bool flipped) {
    const at::Tensor y = at::empty_like(x);
    cpu::with_kernels(x.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(x, weight, neighbours);
      at::parallel_for(0, x.size(0), kGrain,
                       [&](int64_t begin, int64_t end) { kernels.depthwise(args, cpu::out<T>(y), flipped, begin, end); });
    });
    return y;
  }

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& x, const at::Tensor& weight,
                            const at::Tensor& neighbours) {
    RECORD_FUNCTION("glid::depthwise", std::vector<c10::IValue>());
    ctx->save_for_backward({x, weight, neighbours});
    record_products(2.0 * kTaps * static_cast<double>(x.numel()));
    return convolved(x, weight, neighbours, /*flipped=*/false);
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &neighbours = saved[2], grad = grads[0].contiguous();
    record_products(4.0 * kTaps * static_cast<double>(x.numel()));
    const at::Tensor sums = at::zeros({cpu::kParts, kTaps, x.size(1)}, weight.options());
    cpu::with_kernels(x.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(x, weight, neighbours);
      cpu::in_parts(x.size(0), [&](int64_t part, int64_t begin, int64_t end) {
        float* sum = sums.mutable_data_ptr<float>() + part * kTaps * x.size(1);
        kernels.depthwise_weights(args, cpu::in<T>(grad), sum, begin, end);
      });
    });
    return {convolved(grad, weight, neighbours, /*flipped=*/true), sums.sum(0), {}};
  }
};

struct WeightedSiluOnCpu : torch::autograd::Function<WeightedSiluOnCpu> {
  template <class T>
  static cpu::SummandArgs<T> args_of(const at::Tensor& weights, at::TensorList inputs) {
    cpu::SummandArgs<T> args{.count = static_cast<int>(inputs.size())};
    for (size_t i = 0; i < inputs.size(); ++i) {
      args.inputs[i] = cpu::in<T>(inputs[i]);
      args.weights[i] = weights.const_data_ptr<float>()[i];
    }
    return args;
  }

  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& weights, at::TensorList inputs) {
    RECORD_FUNCTION("glid::weighted_silu", std::vector<c10::IValue>());
    variable_list saved{weights};
    saved.insert(saved.end(), inputs.begin(), inputs.end());
    ctx->save_for_backward(saved);
    const at::Tensor y = at::empty_like(inputs[0]);
    const int64_t channels = y.size(1);
    cpu::with_kernels(y.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(weights, inputs);
      at::parallel_for(0, y.size(0), kGrain, [&](int64_t begin, int64_t end) {
        kernels.weighted_silu(args, cpu::out<T>(y), begin * channels, end * channels);
      });
    });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const variable_list saved = ctx->get_saved_variables();
    const at::TensorList inputs = at::TensorList(saved).slice(1);
    const at::Tensor &weights = saved[0], grad = grads[0].contiguous();
    const int64_t channels = grad.size(1);
    const at::Tensor sums = at::zeros({cpu::kParts, weights.size(0)}, weights.options());
    variable_list gradients{{}};
    for (const at::Tensor& input : inputs) gradients.push_back(at::empty_like(input));
    cpu::with_kernels(grad.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
      const auto args = args_of<T>(weights, inputs);
      T* places[cpu::kMostSummands] = {};
      for (size_t i = 0; i < inputs.size(); ++i) places[i] = cpu::out<T>(gradients[i + 1]);
      cpu::in_parts(grad.size(0), [&](int64_t part, int64_t begin, int64_t end) {
        float* sum = sums.mutable_data_ptr<float>() + part * weights.size(0);
        kernels.weighted_silu_backward(args, cpu::in<T>(grad), places, sum, begin * channels, end * channels);
      });
    });
    gradients[0] = sums.sum(0);
    return gradients;
  }
};

at::Tensor tokens_like(const at::Tensor& tokens, int64_t count) {
  return at::empty({count, tokens.size(1)}, tokens.options());
}

// f(kernels, args, begin, end) over the coarse tokens.
template <class F>
void for_cells(const at::Tensor& from, const at::Tensor& to, int64_t side, const F& f) {
  cpu::with_kernels(from.scalar_type(), [&]<class T>(const cpu::KernelsOf<T>& kernels, T) {
    const cpu::UnitArgs<T> args{cpu::in<T>(from), cpu::out<T>(to), side, from.size(1)};
    at::parallel_for(0, std::min(from.size(0), to.size(0)), kGrain,
                     [&](int64_t begin, int64_t end) { f(kernels, args, begin, end); });
  });
}

struct PoolOnCpu : torch::autograd::Function<PoolOnCpu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& fine, int64_t side) {
    RECORD_FUNCTION("glid::pool_in_units", std::vector<c10::IValue>());
    ctx->save_for_backward({fine});
    ctx->saved_data["side"] = side;
    const at::Tensor coarse = tokens_like(fine, fine.size(0) / 4);
    for_cells(fine, coarse, side,
              [](const auto& k, const auto& args, int64_t begin, int64_t end) { k.pool(args, begin, end); });
    return coarse;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor fine = ctx->get_saved_variables()[0], grad_fine = at::empty_like(fine);
    for_cells(grads[0].contiguous(), grad_fine, ctx->saved_data["side"].toInt(),
              [&]<class T>(const cpu::KernelsOf<T>& k, const cpu::UnitArgs<T>& args, int64_t begin, int64_t end) {
                k.pool_backward(args, cpu::in<T>(fine), begin, end);
              });
    return {grad_fine, {}};
  }
};

struct UpOnCpu : torch::autograd::Function<UpOnCpu> {
  static at::Tensor forward(AutogradContext* ctx, const at::Tensor& coarse, int64_t side) {
    RECORD_FUNCTION("glid::up_in_units", std::vector<c10::IValue>());
    ctx->saved_data["side"] = side;
    const at::Tensor fine = tokens_like(coarse, 4 * coarse.size(0));
    for_cells(coarse, fine, side,
              [](const auto& k, const auto& args, int64_t begin, int64_t end) { k.up(args, begin, end); });
    return fine;
  }
  static variable_list backward(AutogradContext* ctx, variable_list grads) {
    const at::Tensor grad = grads[0].contiguous(), grad_coarse = tokens_like(grad, grad.size(0) / 4);
    for_cells(grad, grad_coarse, ctx->saved_data["side"].toInt(),
              [](const auto& k, const auto& args, int64_t begin, int64_t end) { k.up_backward(args, begin, end); });
    return {grad_coarse, {}};
  }
};

}  // namespace

bool fuses_tokens_on_cpu(const at::Tensor& tokens) {
  return !PlainOperations::asked() && cpu::has_kernels(tokens) && tokens.dim() == 2 &&
         tokens.size(1) % cpu::kChannelGroup == 0;
}

at::Tensor fused_depthwise_on_cpu(const at::Tensor& tokens, const at::Tensor& weight, const PlanTensors& plan, int stage) {
  return DepthwiseOnCpu::apply(tokens.contiguous(), weight.view({-1, kTaps}).t().contiguous(), neighbours_of(plan, stage));
}

bool fuses_weighted_silu_on_cpu(at::TensorList inputs) {
  return inputs.size() <= cpu::kMostSummands && std::ranges::all_of(inputs, [&](const at::Tensor& x) {
           return fuses_tokens_on_cpu(x) && x.scalar_type() == inputs[0].scalar_type() && x.sizes() == inputs[0].sizes();
         });
}

at::Tensor fused_weighted_silu_on_cpu(at::TensorList inputs, const at::Tensor& weights) {
  std::vector<at::Tensor> whole;
  for (const at::Tensor& input : inputs) whole.push_back(input.contiguous());
  return WeightedSiluOnCpu::apply(weights, at::TensorList(whole));
}

at::Tensor fused_pool_in_units_on_cpu(const at::Tensor& fine, int64_t side) {
  return PoolOnCpu::apply(fine.contiguous(), side);
}

at::Tensor fused_up_in_units_on_cpu(const at::Tensor& coarse, int64_t side) {
  return UpOnCpu::apply(coarse.contiguous(), side);
}

}  // namespace glid
