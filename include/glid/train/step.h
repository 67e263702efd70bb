// One update of the model.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/data/batch.h"
#include "glid/dist/communicator.h"
#include "glid/dist/gradient_reducer.h"
#include "glid/model/glid.h"
#include "glid/nn/weight_copies.h"
#include "glid/optim/ema.h"
#include "glid/optim/optimizer.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// What an update works on.
struct Learner {
  Glid& model;
  const Task& task;
  Communicator& communicator;
  GradientReducer& gradients;
  Optimizer& optimizer;
  LossScaler& scaler;
  c10::Device device = c10::kCPU;
  Ema* ema = nullptr;  // none
  Precision precision = Precision::kFp32;
  std::optional<double> clip;
  WeightCopies* weight_copies = nullptr;  // none
  bool checkpoints_blocks = false;        // nn/activation_checkpoint.h
};

// A rank's share of a term: sum / count, without its weight.
struct TermShare {
  std::string name;
  int64_t layer = 0;  // as in LossTerm
  at::Tensor value;
};

// Tensors on the device; nothing waits for them.
struct StepResult {
  at::Tensor loss;                      // this rank's share: summed over ranks it is the loss of the global batch
  std::vector<TermShare> terms;         // of this rank
  at::Tensor grad_norm;                 // before clipping, of the averaged gradients
  at::Tensor found_inf;                 // 1 if the update was skipped because the norm is not finite, alike on all ranks
  at::Tensor failed;                    // likewise, and no smaller scale of fp16 can help
  at::Tensor lost;                      // 1 if it was skipped and this rank's own share of the loss is not finite
  std::vector<Diagnostic> diagnostics;  // of this rank, means over the pictures of its micro-batches
};

// What all ranks know before the first forward of an update.
struct Agreement {
  std::map<std::string, double> counts;  // over all micro-batches and ranks
  bool stop = false;                     // some rank was asked to stop
};

// One all-reduce on the host. `micro_batches` are this rank's, on the host.
Agreement agree(const Learner& learner, const std::vector<Batch>& micro_batches, bool stop_requested = false);

// Gradients of the global batch's loss into learner.gradients, without an update. One micro-batch is on the device at a
// time.
StepResult accumulate_gradients(Learner& learner, const std::vector<Batch>& micro_batches,
                                const std::map<std::string, double>& counts);

// The whole update; nothing if the ranks agree to stop before it. Losses are divided by counts over all micro-batches and
// ranks, so how a batch is divided changes nothing.
std::optional<StepResult> train_step(Learner& learner, const std::vector<Batch>& micro_batches, double lr,
                                     bool stop_requested = false);

}  // namespace glid
