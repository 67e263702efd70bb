// One update of the model.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/data/loader.h"
#include "glid/dist/communicator.h"
#include "glid/dist/gradient_reducer.h"
#include "glid/model/glid.h"
#include "glid/optim/adamw.h"
#include "glid/optim/ema.h"
#include "glid/optim/precision.h"
#include "glid/tasks/task.h"

namespace glid {

// What an update works on.
struct Learner {
  Glid& model;
  const Task& task;
  Communicator& communicator;
  GradientReducer& gradients;
  AdamW& optimizer;
  LossScaler& scaler;
  Ema* ema = nullptr;  // none
  Precision precision = Precision::kFp32;
  std::optional<double> clip;
};

// Tensors on the device; nothing waits for them.
struct StepResult {
  at::Tensor loss;                      // this rank's share: summed over ranks it is the loss of the global batch
  at::Tensor grad_norm;                 // before clipping, of the averaged gradients
  at::Tensor found_inf;                 // 1 if the update was skipped because the norm is not finite, alike on all ranks
  std::vector<Diagnostic> diagnostics;  // of this rank's last micro-batch
};

// Puts all micro-batches' questions first, so that losses are divided by the count over all of them and all ranks.
StepResult train_step(Learner& learner, const std::vector<Batch>& micro_batches, double lr);

// Gradients of the global batch's loss into learner.gradients, without an update; train_step's first half.
StepResult accumulate_gradients(Learner& learner, const std::vector<Batch>& micro_batches);

}  // namespace glid
