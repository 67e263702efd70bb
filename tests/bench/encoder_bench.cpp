// Swin-T, window 7, 192 px, batch 8, fp32, forward and backward: visible tokens only (75 % hidden) against all tokens.
// The ratio of the two lines is the gain. GLID_BENCH_THREADS sets the threads of an operation (default 2).
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "glid/model/init.h"
#include "glid/model/model_config.h"
#include "support/plans.h"

namespace glid {
namespace {

constexpr int64_t kBatch = 8, kUnits = 6;

struct Encoder : torch::nn::Module {
  Encoder() : swin(register_module("encoder", std::make_shared<Swin>(swin_preset(EncoderName::kSwinT)))) {
    initialise(*this, 0);
  }
  std::shared_ptr<Swin> swin;
};

void forward_backward(const Swin& swin, const at::Tensor& units, const BatchPlan& plan) {
  at::Tensor loss = at::zeros({});
  for (const at::Tensor& tokens : swin.forward(units, {.plan = plan})) loss = loss + tokens.square().mean();
  loss.backward();
}

void encoder(benchmark::State& state) {
  const char* threads = std::getenv("GLID_BENCH_THREADS");
  at::set_num_threads(threads ? std::atoi(threads) : 2);
  const Encoder model;
  const int64_t visible = state.range(0), side = kUnits * model.swin->shape.unit_px();
  const BatchPlan plan = random_plan(kBatch, {kUnits, kUnits}, visible, model.swin->shape.windows).first;
  const at::Tensor units = to_units(at::rand({kBatch, side, side, 3}), model.swin->shape.unit_px());
  for (auto _ : state) forward_backward(*model.swin, units, plan);
  state.counters["images/s"] = benchmark::Counter(kBatch, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(encoder)->Arg(36)->Arg(9)->ArgName("visible")->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(4);

}  // namespace
}  // namespace glid

BENCHMARK_MAIN();
