// Random masks and weights for tests.
#pragma once

#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "glid/core/rng.h"
#include "glid/nn/batch_plan.h"

namespace glid {

// Images of one grid as one run, all of it valid.
inline ImageRun run_of(const std::vector<SamplePlan>& samples) {
  const UnitGrid& grid = samples[0].grid;
  return {to_tensors(collate(samples), at::kCPU), {static_cast<double>(grid.height), static_cast<double>(grid.width)}};
}

// `batch` samples with `num_visible` random units each; the second: [batch, units], true where visible.
inline std::pair<BatchPlan, at::Tensor> random_plan(int64_t batch, const UnitGrid& grid, int64_t num_visible,
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
  return {BatchPlan{{run_of(samples)}}, visible};
}

// Larger than the usual start, so that every parameter matters. Seeds ATen's generator: a test meets the same numbers each
// time.
inline void initialise_randomly(torch::nn::Module& module) {
  at::manual_seed(1);
  const at::NoGradGuard no_grad;
  for (auto& parameter : module.parameters()) parameter.uniform_(-0.5, 0.5);
}

}  // namespace glid
