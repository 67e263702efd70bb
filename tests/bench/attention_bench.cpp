// Cross-attention of a training picture of COCO detection: 1,800 queries (300 + 1,500) x 16,800 keys (1/8 of 800 x 1,333),
// width 512, 8 heads, fp32, forward and backward. Fused against the scores written out; `peak_mib` is what the process grew
// by. GLID_BENCH_THREADS sets the threads of an operation (default 2).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>

#include "glid/train/device.h"

namespace glid {
namespace {

constexpr int64_t kQueries = 1800, kKeys = 16800, kHeads = 8, kHeadWidth = 64;

at::Tensor fused(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::scaled_dot_product_attention(q, k, v);
}

at::Tensor written_out(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  return at::softmax(q.matmul(k.transpose(2, 3)) / std::sqrt(static_cast<double>(kHeadWidth)), -1).matmul(v);
}

template <auto attend>
void attention(benchmark::State& state) {
  const char* threads = std::getenv("GLID_BENCH_THREADS");
  at::set_num_threads(threads ? std::atoi(threads) : 2);
  const auto input = [](int64_t count) { return at::randn({1, kHeads, count, kHeadWidth}).requires_grad_(); };
  const at::Tensor q = input(kQueries), k = input(kKeys), v = input(kKeys);
  forget_peak_memory(at::kCPU);
  const double before = peak_memory_mib(at::kCPU);
  for (auto _ : state) attend(q, k, v).sum().backward();
  state.counters["peak_mib"] = peak_memory_mib(at::kCPU) - before;
}

BENCHMARK(attention<fused>)->Name("fused")->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(attention<written_out>)->Name("written_out")->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace glid

BENCHMARK_MAIN();
