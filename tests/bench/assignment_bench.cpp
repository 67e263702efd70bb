// Assignment at the sizes of detection (queries x objects) and of crowded scenes. scripts/parity/check_geometry.py measures
// the same against scipy.
#include <benchmark/benchmark.h>

#include <vector>

#include "glid/core/rng.h"
#include "glid/geometry/assignment.h"

namespace {

template <typename Cost>
void assign(benchmark::State& state) {
  glid::Rng rng(0, 0, 0, glid::RandomOp::kExample);
  std::vector<Cost> costs(static_cast<size_t>(state.range(0) * state.range(1)));
  for (Cost& cost : costs) cost = static_cast<Cost>(rng.uniform());
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(glid::assign(std::span<const Cost>(costs), state.range(0), state.range(1)));
}

}  // namespace

BENCHMARK(assign<double>)->Args({300, 20})->Args({1500, 360})->Args({360, 1500})->Unit(benchmark::kMicrosecond);
BENCHMARK(assign<float>)->Args({300, 20})->Args({1500, 360})->Args({360, 1500})->Unit(benchmark::kMicrosecond);

BENCHMARK_MAIN();
