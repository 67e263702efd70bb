// Random masks and weights for tests.
#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "glid/core/rng.h"
#include "glid/nn/plan_tensors.h"

namespace glid {

// `batch` samples with `num_visible` random units each; the second: [batch, units], true where visible.
inline std::pair<PlanTensors, at::Tensor> random_plan(int64_t batch, const UnitGrid& grid, int64_t num_visible,
                                                      const StageWindows& windows) {
  std::vector<SamplePlan> samples;
  const at::Tensor visible = at::zeros({batch, grid.size()}, at::kBool);
  for (int64_t b = 0; b < batch; ++b) {
    Rng rng(7, 0, static_cast<uint64_t>(b), RandomOp::kMask);
    std::vector<int64_t> units(static_cast<size_t>(grid.size()));
    std::iota(units.begin(), units.end(), 0);
    shuffle(units, rng);
    units.resize(static_cast<size_t>(num_visible));
    std::sort(units.begin(), units.end());
    for (const int64_t unit : units) visible[b][unit] = true;
    samples.push_back(plan_sample(grid, units, windows));
  }
  return {to_tensors(collate(samples, windows), at::kCPU), visible};
}

// Larger than the usual start, so that every parameter matters. Seeds ATen's generator: a test meets the same numbers each
// time.
inline void initialise_randomly(torch::nn::Module& module) {
  at::manual_seed(1);
  const at::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) parameter.uniform_(-0.5, 0.5);
}

}  // namespace glid
