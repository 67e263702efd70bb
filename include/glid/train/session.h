// Everything that a configuration describes, built top to bottom.
#pragma once

#include <memory>
#include <optional>

#include "glid/data/loader.h"
#include "glid/dist/communicator.h"
#include "glid/dist/gradient_reducer.h"
#include "glid/dist/parameter_shards.h"
#include "glid/optim/optimizer.h"
#include "glid/train/run_config.h"
#include "glid/train/step.h"

namespace glid {

LoaderOptions loader_options(const RunConfig& config, const c10::Device& device);
// The task's own, bound to it.
Prepare prepare_by(const Task& task, bool training);

// What a run is built of, in the order of construction; destroyed in reverse.
struct Session {
  // `data` is what is trained on as far as the task wants it, divided by `layout`; the model starts from init.from. All
  // ranks must build it.
  Session(const RunConfig& config, std::shared_ptr<const AnnotatedDataset> data, const BatchLayout& layout,
          Communicator& communicator, const c10::Device& device);

  LoaderOptions loader_options() const { return glid::loader_options(config, device); }
  Prepare prepare(bool training) const { return prepare_by(*task, training); }

  RunConfig config;
  Communicator& communicator;
  c10::Device device;
  std::unique_ptr<Task> task;
  std::shared_ptr<Glid> model;
  std::shared_ptr<const AnnotatedDataset> data;
  std::shared_ptr<const TrainingPlan> plan;
  Loader loader;
  GradientReducer gradients;
  std::optional<ParameterShards> shards;  // of what is trained, where the optimizer is spread over the ranks
  std::unique_ptr<Optimizer> optimizer;
  LossScaler scaler;
  std::unique_ptr<Ema> ema;  // or none
  WeightCopies weight_copies;
  Learner learner;
  Schedule schedule;
};

// How ranks average gradients.
ReductionOptions reduction_options(const TrainConfig& config);

// The layout of train.batch_size over ranks and micro-batches.
BatchLayout batch_layout(const RunConfig& config, const Communicator& communicator);

}  // namespace glid
