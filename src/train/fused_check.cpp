#include "fused_check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>

#include "glid/core/format.h"
#include "glid/model/bifpn_parts.h"
#include "glid/model/encoder_parts.h"
#include "glid/nn/fused.h"
#include "glid/nn/low_precision_norm.h"
#include "glid/nn/plan_for_checks.h"
#include "glid/nn/window_attention.h"

namespace glid {
namespace {

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<at::Tensor(const Tensors&)>;

at::Tensor values(at::IntArrayRef sizes, const c10::Device& gpu) {  // that bf16 can hold
  return at::randn(sizes, at::dtype(at::kFloat).device(gpu)).to(at::kBFloat16).to(at::kFloat);
}

// An operation's inputs: what it is given in `type`, and behind them what stays in floats.
struct Inputs {
  Tensors low, floats;
};

// The result and the gradients of the inputs, in fp32.
Tensors run(const Operation& operation, const Inputs& inputs, at::ScalarType type) {
  Tensors leaves, given, results;
  const auto give = [&](const Tensors& tensors, at::ScalarType as) {
    for (const at::Tensor& tensor : tensors) {
      leaves.push_back(tensor.detach().clone().requires_grad_());
      given.push_back(leaves.back().to(as));
    }
  };
  give(inputs.low, type);
  give(inputs.floats, at::kFloat);
  const at::Tensor y = operation(given).to(at::kFloat);
  at::manual_seed(1);  // the same at every run
  (y * values(y.sizes(), y.device())).sum().backward();
  results.push_back(y.detach());
  for (const at::Tensor& leaf : leaves) results.push_back(leaf.grad().defined() ? leaf.grad() : at::zeros_like(leaf));
  return results;
}

double worst(const Tensors& a, const Tensors& b) {
  double worst = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double scale = b[i].abs().max().item<double>();
    if (scale > 0) worst = std::max(worst, (a[i] - b[i]).abs().max().item<double>() / scale);
  }
  return worst;
}

at::ScalarType type_of(Precision precision) { return precision == Precision::kFp16 ? at::kHalf : at::kBFloat16; }

class Comparison {
 public:
  Comparison(Precision precision, const c10::Device& gpu) : gpu_(gpu), precision_(precision) {}

  // `fuses` says of an operation's inputs whether it is fused.
  void add(const std::string& what, const Operation& operation, const Inputs& inputs,
           const std::function<bool(const Tensors&)>& fuses) {
    const Operation checked = [&](const Tensors& x) {
      TORCH_CHECK(PlainOperations::asked() || fuses(x), what, " is not fused here");
      return operation(x);
    };
    Tensors fused;
    {
      const AutocastGuard autocast(precision_, at::kCUDA);
      fused = run(checked, inputs, type_of(precision_));
    }
    const PlainOperations asked;
    all_.push_back({format("{}, {}", what, config::name_of(precision_)), worst(fused, run(checked, inputs, at::kFloat))});
  }

  at::Tensor random(at::IntArrayRef sizes) const { return values(sizes, gpu_); }
  std::vector<FusedDifference> all() const { return all_; }

 private:
  c10::Device gpu_;
  Precision precision_;
  std::vector<FusedDifference> all_;
};

void add_attention(Comparison& comparison, const PlanTensors& plan, int64_t window, const std::string& images) {
  for (const int64_t head_dim : {16, 32}) {
    const int64_t heads = 4, channels = heads * head_dim;
    const Inputs inputs{
        {comparison.random({plan.num_tokens(0), 3 * channels})},
        {comparison.random({3 * channels}), comparison.random({(2 * window - 1) * (2 * window - 1), heads})}};
    for (const bool shifted : {false, true}) {
      const WindowTensors& windows = plan.windows(0, shifted);
      comparison.add(
          format("window attention, {}{}, heads of {}", images, shifted ? " shifted" : "", head_dim),
          [&](const Tensors& x) { return window_attention(x[0], x[1], x[2], windows); }, inputs,
          [&](const Tensors& x) { return fuses_window_attention(x[0], x[2], windows); });
    }
  }
}

void add_depthwise(Comparison& comparison, const PlanTensors& plan, const std::string& images) {
  constexpr int64_t kChannels = 64;
  DepthwiseConv3x3 depthwise(kChannels);
  const auto run = [&](const Tensors& x) {
    depthwise.weight = x[1];
    return convolve(depthwise, x[0], plan, 0);
  };
  comparison.add("depthwise convolution, " + images, run,
                 {{comparison.random({plan.num_tokens(0), kChannels})}, {comparison.random({kChannels, 1, 3, 3})}},
                 [](const Tensors& x) { return fuses_depthwise(x[0]); });
}

void add_unit_resizes(Comparison& comparison) {
  const auto fuses = [](const Tensors& x) { return fuses_unit_resize(x[0]); };
  const Inputs tokens{{comparison.random({100 * unit_side(1) * unit_side(1), 64})}, {}};
  comparison.add(
      "largest of 2 x 2", [](const Tensors& x) { return pool_in_units(x[0], 1); }, tokens, fuses);
  comparison.add(
      "each as 2 x 2", [](const Tensors& x) { return up_in_units(x[0], 1); }, tokens, fuses);
}

void add_rows(Comparison& comparison) {
  for (const int64_t channels : {96, 128, 512, 1024}) {
    LayerNorm norm(channels);
    const auto normalise = [&](const Tensors& x) {
      norm.weight = x[1];
      norm.bias = x[2];
      return low_precision_norm(norm, x[0]);
    };
    comparison.add(format("LayerNorm of {}", channels), normalise,
                   {{comparison.random({1500, channels})}, {comparison.random({channels}), comparison.random({channels})}},
                   [](const Tensors& x) { return fuses_layer_norm(x[0]); });
  }
  for (const size_t summands : {2, 3}) {
    const auto maps = [](const Tensors& x) { return at::TensorList(x).slice(0, x.size() - 1); };
    Inputs inputs{{}, {comparison.random({static_cast<int64_t>(summands)})}};
    for (size_t i = 0; i < summands; ++i) inputs.low.push_back(comparison.random({1500, 64}));
    comparison.add(
        format("silu of {} summands", summands), [&](const Tensors& x) { return weighted_silu(maps(x), x.back()); }, inputs,
        [&](const Tensors& x) { return fuses_weighted_silu(maps(x)); });
  }
}

}  // namespace

std::vector<FusedDifference> differences_of_fused(Precision precision, const c10::Device& gpu) {
  Comparison comparison(precision, gpu);
  for (const bool masked : {true, false})
    for (const int64_t window : {7, 12}) {
      const auto plan = plan_for_checks({6, 6}, masked, window, gpu);
      const std::string images = format("{} images, window {}", masked ? "masked" : "whole", window);
      add_attention(comparison, *plan, window, images);
      add_depthwise(comparison, *plan, images);
    }
  add_unit_resizes(comparison);
  add_rows(comparison);
  return comparison.all();
}

}  // namespace glid
