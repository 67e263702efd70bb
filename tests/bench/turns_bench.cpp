// What scripts/parity/bench_turns.py times against PyTorch, one in turn with it:
// - bench_turns step CONFIG [KEY=VALUE ...]: a pre-training update: question, forward, backward, clipping, AdamW
// - bench_turns adamw: an update of 119 million values in 490 tensors
// - bench_turns checkpoint FOLDER: 1.43 GB written, with the wait for the disk
// - bench_turns load FOLDER: the last of them checked and read into tensors
// Every line of standard input asks for one. Answered are its milliseconds of the process' CPU time and of the clock, then a
// value of its own: the loss; of a checkpoint the milliseconds until the training could go on.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>

#include "glid/config/read.h"
#include "glid/config/tree.h"
#include "glid/core/clock.h"
#include "glid/core/kept_memory.h"
#include "glid/optim/adamw.h"
#include "glid/train/checkpoint.h"
#include "glid/train/session.h"

namespace glid {
namespace {

constexpr int64_t kValues = 119'000'000;  // of Swin-B's model

double milliseconds(clockid_t clock) { return 1e-6 * static_cast<double>(clock_ns(clock)); }

// Answers until the input ends.
void take_turns(const std::function<double()>& turn) {
  for (std::string line; std::getline(std::cin, line);) {
    const double cpu = milliseconds(CLOCK_PROCESS_CPUTIME_ID), clock = milliseconds(CLOCK_MONOTONIC);
    const double value = turn();
    std::printf("%.3f %.3f %.5f\n", milliseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, milliseconds(CLOCK_MONOTONIC) - clock,
                value);
    std::fflush(stdout);
  }
}

void step(const std::string& file, const std::vector<std::string>& settings) {
  RunConfig config;
  config::read(config::load_tree(file, settings), config);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  Session session(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU);
  std::vector<std::vector<Batch>> updates;
  for (int i = 0; i < 4; ++i) updates.push_back(session.loader.next());
  size_t turn = 0;
  take_turns([&] { return train_step(session.learner, updates[turn++ % updates.size()], 1e-4)->loss.item<double>(); });
}

void adamw() {
  constexpr size_t kTensors = 490;
  NamedTensors parameters;
  std::vector<at::Tensor> gradients;
  ParamGroup group;
  group.weight_decay = 0.05;
  for (size_t i = 0; i < kTensors; ++i) {
    parameters.emplace_back("p" + std::to_string(i), at::rand({kValues / static_cast<int64_t>(kTensors)}));
    gradients.push_back(at::rand_like(parameters.back().second));
    group.members.push_back(i);
  }
  AdamW optimizer(parameters, gradients, {group}, {});
  const at::Tensor finite = at::zeros({});
  take_turns([&] {
    optimizer.step(1e-4, finite);
    return 0.0;
  });
}

// Weights and two averages each.
CheckpointContent content() {
  NamedTensors model, averages;
  for (int64_t left = kValues, size; left > 0; left -= size) {
    size = std::min(left, model.size() % 3 == 0 ? int64_t{1} << 22 : int64_t{1} << 20);
    const std::string name = "p" + std::to_string(model.size());
    model.emplace_back(name, at::rand({size}));
    averages.emplace_back(name + ".first", at::rand({size}));
    averages.emplace_back(name + ".second", at::rand({size}));
  }
  CheckpointContent content;
  content.tensors = {{"model", model}, {"optimizer", averages}};
  return content;
}

void write(const std::string& folder) {
  CheckpointContent checkpoint = content();
  CheckpointWriter writer(folder, {.keep = 1});
  take_turns([&] {
    checkpoint.state = Json::object().set("step", ++checkpoint.step);
    const double start = milliseconds(CLOCK_MONOTONIC);
    writer.write(checkpoint);
    const double copied = milliseconds(CLOCK_MONOTONIC) - start;
    writer.wait();
    return copied;
  });
}

void load(const std::string& folder) {
  const CheckpointContent into = content();
  take_turns([&] {
    const Checkpoint checkpoint = find_checkpoint(folder);
    for (const auto& [name, tensors] : into.tensors) checkpoint.load(name, tensors);
    return 0.0;
  });
}

int run(const std::vector<std::string>& words) {
  keep_freed_memory();  // as the programs do
  at::set_num_threads(1);
  if (words.size() >= 2 && words[0] == "step") return step(words[1], {words.begin() + 2, words.end()}), 0;
  if (words.size() == 1 && words[0] == "adamw") return adamw(), 0;
  if (words.size() == 2 && words[0] == "checkpoint") return write(words[1]), 0;
  if (words.size() == 2 && words[0] == "load") return load(words[1]), 0;
  return std::puts("usage: bench_turns step CONFIG [KEY=VALUE ...] | adamw | checkpoint FOLDER | load FOLDER"), 2;
}

}  // namespace
}  // namespace glid

int main(int argc, char** argv) { return glid::run({argv + 1, argv + argc}); }
