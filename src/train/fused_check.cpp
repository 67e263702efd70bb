#include "fused_check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <functional>

#include "glid/core/format.h"
#include "glid/nn/fused.h"
#include "glid/nn/norm_for_product.h"
#include "glid/nn/window_attention.h"
#include "glid/optim/precision.h"

namespace glid {
namespace {

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<at::Tensor(const Tensors&)>;

// Of 4 images with every fourth unit visible in turn, or whole.
std::shared_ptr<const PlanTensors> plan_of(bool masked, int64_t window, const c10::Device& gpu) {
  const UnitGrid grid{6, 6};
  const StageWindows windows{window, window, window, window};
  std::vector<SamplePlan> samples;
  for (int64_t image = 0; image < 4; ++image) {
    std::vector<int64_t> visible;
    for (int64_t unit = 0; unit < grid.size(); ++unit)
      if (!masked || (unit * 7 + image * 3) % 4 == 0) visible.push_back(unit);
    samples.push_back(plan_sample(grid, visible, windows));
  }
  return to_tensors(collate(samples), gpu);
}

at::Tensor values(at::IntArrayRef sizes, const c10::Device& gpu) {  // that bf16 can hold
  return at::randn(sizes, at::dtype(at::kFloat).device(gpu)).to(at::kBFloat16).to(at::kFloat);
}

// The result and the gradients of the inputs, in fp32.
Tensors run(const Operation& operation, const Tensors& inputs, at::ScalarType type) {
  Tensors leaves, results;
  for (const at::Tensor& input : inputs) leaves.push_back(input.detach().clone().requires_grad_());
  Tensors given;
  for (const at::Tensor& leaf : leaves) given.push_back(leaf.dim() == 2 && leaf.size(0) > 1000 ? leaf.to(type) : leaf);
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

double difference(const Operation& operation, const Tensors& inputs) {
  Tensors fused, plain;
  {
    const AutocastGuard autocast(Precision::kBf16, at::kCUDA);
    fused = run(operation, inputs, at::kBFloat16);
  }
  const PlainOperations asked;
  return worst(fused, run(operation, inputs, at::kFloat));
}

void add_attention(std::vector<Difference>& all, const PlanTensors& plan, int64_t window, const std::string& images) {
  const c10::Device gpu = plan.hidden_cells.device();
  for (const int64_t head_dim : {16, 32}) {
    const int64_t heads = 4, channels = heads * head_dim;
    const Tensors inputs{values({plan.num_tokens(0), 3 * channels}, gpu), values({3 * channels}, gpu),
                         values({(2 * window - 1) * (2 * window - 1), heads}, gpu)};
    for (const bool shifted : {false, true})
      all.push_back(
          {format("window attention, {}{}, heads of {}", images, shifted ? " shifted" : "", head_dim),
           difference([&](const Tensors& x) { return window_attention(x[0], x[1], x[2], plan.windows(0, shifted)); },
                      inputs)});
  }
}

void add_depthwise(std::vector<Difference>& all, const PlanTensors& plan, const std::string& images) {
  constexpr int64_t kChannels = 64;
  const auto convolve = [&](const Tensors& x) {
    if (fuses_depthwise(x[0])) return fused_depthwise(x[0], x[1], plan, 0);
    return to_tokens(at::conv2d(to_image(x[0], plan, 0), x[1], {}, 1, 1, 1, kChannels), plan, 0);
  };
  const c10::Device gpu = plan.hidden_cells.device();
  all.push_back({"depthwise convolution, " + images,
                 difference(convolve, {values({plan.num_tokens(0), kChannels}, gpu), values({kChannels, 1, 3, 3}, gpu)})});
}

void add_unit_resizes(std::vector<Difference>& all, const c10::Device& gpu) {
  constexpr int64_t kSide = 4, kChannels = 64;  // of a coarse unit
  const auto pool = [](const Tensors& x) {
    if (fuses_unit_resize(x[0])) return fused_pool_in_units(x[0], kSide);
    return x[0].view({-1, kSide, 2, kSide, 2, kChannels}).amax({2, 4}).view({-1, kChannels});
  };
  const auto up = [](const Tensors& x) {
    if (fuses_unit_resize(x[0])) return fused_up_in_units(x[0], kSide);
    return x[0]
        .view({-1, kSide, 1, kSide, 1, kChannels})
        .expand({-1, kSide, 2, kSide, 2, kChannels})
        .reshape({-1, kChannels});
  };
  all.push_back({"largest of 2 x 2", difference(pool, {values({100 * 4 * kSide * kSide, kChannels}, gpu)})});
  all.push_back({"each as 2 x 2", difference(up, {values({100 * kSide * kSide, kChannels}, gpu)})});
}

void add_rows(std::vector<Difference>& all, const c10::Device& gpu) {
  for (const int64_t channels : {96, 128, 512, 1024}) {
    const at::Tensor x = values({1500, channels}, gpu);
    LayerNorm norm(channels);
    const auto normalise = [&](const Tensors& x) {
      norm.weight = x[1];
      norm.bias = x[2];
      return norm_for_product(norm, x[0]);
    };
    all.push_back(
        {format("LayerNorm of {}", channels), difference(normalise, {x, values({channels}, gpu), values({channels}, gpu)})});
  }
  for (const size_t summands : {2, 3}) {
    const auto silu = [&](const Tensors& x) {
      const Tensors inputs(x.begin() + 1, x.end());
      if (fuses_weighted_silu(inputs)) return fused_weighted_silu(inputs, x[0]);
      at::Tensor sum = at::zeros_like(inputs[0]);
      for (size_t i = 0; i < inputs.size(); ++i) sum = sum + inputs[i] * x[0][static_cast<int64_t>(i)];
      return at::silu(sum);
    };
    Tensors inputs{values({static_cast<int64_t>(summands)}, gpu)};
    for (size_t i = 0; i < summands; ++i) inputs.push_back(values({1500, 64}, gpu));
    all.push_back({format("silu of {} summands", summands), difference(silu, inputs)});
  }
}

}  // namespace

std::vector<Difference> differences_of_fused(const c10::Device& gpu) {
  std::vector<Difference> all;
  for (const bool masked : {true, false})
    for (const int64_t window : {7, 12}) {
      const auto plan = plan_of(masked, window, gpu);
      const std::string images = format("{} images, window {}", masked ? "masked" : "whole", window);
      add_attention(all, *plan, window, images);
      add_depthwise(all, *plan, images);
    }
  add_unit_resizes(all, gpu);
  add_rows(all, gpu);
  return all;
}

}  // namespace glid
