// A pre-training update of `tiny` at 96 px, batch 32, fp32: scripts/parity/bench_step.py runs the same in Python eager.
// The whole update is timed: question, forward, backward, AdamW; the batch is prepared ahead.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "glid/data/scenes.h"
#include "glid/data/transforms.h"
#include "glid/train/session.h"

namespace glid {
namespace {

RunConfig tiny_config() {
  RunConfig config;
  config.model.encoder.name = EncoderName::kTiny;
  config.model.bifpn = {.width = 96, .cells = 1};
  config.model.decoder = {.layers = 3, .width = 96, .heads = 3, .norm = NormOrder::kPre};
  config.data = {.name = DataName::kScenes, .image_size = 96, .workers = 0};
  config.train.steps = 1000;
  config.train.batch_size = 32;
  return config;
}

void pretraining_step(benchmark::State& state) {
  const char* threads = std::getenv("GLID_BENCH_THREADS");
  at::set_num_threads(threads ? std::atoi(threads) : 2);
  const RunConfig config = tiny_config();
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU);
  const std::vector<Batch> batches = session.loader.next();
  for (auto _ : state) benchmark::DoNotOptimize(train_step(session.learner, batches, 1e-3).loss.item<float>());
  state.counters["images/s"] = benchmark::Counter(32, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(pretraining_step)->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(8);

}  // namespace
}  // namespace glid

BENCHMARK_MAIN();
