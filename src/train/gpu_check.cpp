#include "glid/train/gpu_check.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "fused_check.h"
#include "glid/core/format.h"
#include "glid/nn/fused.h"
#include "glid/train/device.h"
#include "glid/train/session.h"

namespace glid {
namespace {

RunConfig tiny_config(Precision precision) {
  RunConfig config;
  config.model.encoder.size = TinySwin{};
  config.model.bifpn = {.width = 96, .cells = 1};
  config.model.decoder = {.layers = 3, .width = 96, .heads = 3, .norm = NormOrder::kPre};
  config.data = {.dataset = Scenes::Config{}, .image_size = 96, .workers = 0};
  config.train.steps = 10;
  config.train.batch_size = 8;
  config.train.precision = precision;
  return config;
}

struct Outcome {
  double loss = 0;
  std::vector<at::Tensor> gradients;  // on the CPU
};

struct Ways {
  bool weight_copies = true, checkpoints_blocks = false;
};

Outcome one_step(Precision precision, const c10::Device& device, const LaunchEnv& env, const Ways& ways = {}) {
  const RunConfig config = tiny_config(precision);
  const auto communicator = make_communicator(env, device);
  Session session(config, config.dataset(Split::kTrain), batch_layout(config, *communicator), *communicator, device);
  if (!ways.weight_copies) session.learner.weight_copies = nullptr;
  session.learner.checkpoints_blocks = ways.checkpoints_blocks;
  Outcome outcome;
  const std::vector<Batch> batches = session.loader.next();
  const auto counts = agree(session.learner, batches).counts;
  for (int time = 0; time < 2; ++time)  // of the weights that the first asks for the second has copies
    outcome.loss = accumulate_gradients(session.learner, batches, counts).loss.item<double>();
  for (const at::Tensor& gradient : session.gradients.gradients()) outcome.gradients.push_back(gradient.to(at::kCPU));
  return outcome;
}

double largest_difference(const Outcome& a, const Outcome& b) {
  double worst = std::abs(a.loss - b.loss) / std::abs(b.loss);
  for (size_t i = 0; i < a.gradients.size(); ++i) {
    const double scale = b.gradients[i].abs().max().item<double>();
    if (scale > 0) worst = std::max(worst, (a.gradients[i] - b.gradients[i]).abs().max().item<double>() / scale);
  }
  return worst;
}

// Of loss and gradients as one vector: rounding to 16 bits is not small beside every tensor's largest value.
double whole_difference(const Outcome& a, const Outcome& b) {
  double difference = std::pow(a.loss - b.loss, 2), size = std::pow(b.loss, 2);
  for (size_t i = 0; i < a.gradients.size(); ++i) {
    difference += (a.gradients[i] - b.gradients[i]).square().sum().item<double>();
    size += b.gradients[i].square().sum().item<double>();
  }
  return std::sqrt(difference / size);
}

bool report(const char* what, double difference, double allowed) {
  const bool good = difference <= allowed;
  std::fputs(
      format("{}: difference {:.2e} (allowed {:.0e}) {}\n", what, difference, allowed, good ? "ok" : "FAILED").c_str(),
      stdout);
  return good;
}

// A launched group of one goes the way of every group: the Reducer over NCCL.
Outcome one_step_over_nccl(const c10::Device& device) {
  LaunchEnv env;
  env.store_file = (std::filesystem::temp_directory_path() / format("glid-gpu-check-{}", std::rand())).string();
  Outcome outcome = one_step(Precision::kFp32, device, env);
  std::filesystem::remove(env.store_file);
  return outcome;
}

}  // namespace

bool check_gpu() {
  const c10::Device gpu = choose_device(DeviceChoice::kCuda, 0);
  const Outcome cpu = one_step(Precision::kFp32, at::kCPU, {}), cuda = one_step(Precision::kFp32, gpu, {});
  bool good = report("CPU against CUDA, fp32, loss and gradients", largest_difference(cuda, cpu), 1e-4);
  const Outcome fused = one_step(Precision::kBf16, gpu, {});
  good &= report("CPU fp32 against CUDA bf16, loss and gradients as a whole", whole_difference(fused, cpu), 3e-2);
  good &= report("16-bit copies of the weights against autocast's casts",
                 whole_difference(one_step(Precision::kBf16, gpu, {}, {.weight_copies = false}), fused), 1e-4);
  good &= report("blocks computed again in the backward pass",
                 whole_difference(one_step(Precision::kBf16, gpu, {}, {.checkpoints_blocks = true}), fused), 1e-4);
  {
    const PlainOperations asked;
    good &= report("the same without fused operations", whole_difference(one_step(Precision::kBf16, gpu, {}), cpu), 3e-2);
  }
  for (const Precision precision : {Precision::kBf16, Precision::kFp16})
    for (const FusedDifference& difference : differences_of_fused(precision, gpu))
      good &= report(difference.what.c_str(), difference.relative, 2e-2);
  good &= report("Reducer over NCCL, one rank, against none", largest_difference(one_step_over_nccl(gpu), cuda), 1e-5);
  return good;
}

}  // namespace glid
