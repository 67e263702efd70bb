// A pre-training update of `tiny` at 96 px, batch 32, fp32: scripts/parity/bench_step.py runs the same in Python eager.
// The whole update is timed: question, forward, backward, AdamW; the batch is prepared ahead.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/kept_memory.h"
#include "glid/train/session.h"

namespace glid {
namespace {

RunConfig demo_config() {
  RunConfig config;
  config::read(
      config::load_tree(GLID_SOURCE_DIR "/configs/demo_pretrain.yaml", {"data={name: scenes, image_size: 96, workers: 0}"}),
      config);
  return config;
}

void pretraining_step(benchmark::State& state) {
  keep_freed_memory();  // as the programs do
  const char* threads = std::getenv("GLID_BENCH_THREADS");
  at::set_num_threads(threads ? std::atoi(threads) : 2);
  const RunConfig config = demo_config();
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU);
  const std::vector<Batch> batches = session.loader.next();
  for (auto _ : state) benchmark::DoNotOptimize(train_step(session.learner, batches, 1e-3)->loss.item<float>());
  state.counters["images/s"] = benchmark::Counter(32, benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK(pretraining_step)->MeasureProcessCPUTime()->UseRealTime()->Unit(benchmark::kMillisecond)->MinTime(8);

}  // namespace
}  // namespace glid

BENCHMARK_MAIN();
