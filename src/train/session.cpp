#include "glid/train/session.h"

#include "glid/train/init_from.h"

namespace glid {
namespace {

std::shared_ptr<Glid> make_model(const RunConfig& config, const Task& task, const c10::Device& device) {
  auto model = std::make_shared<Glid>(config.model.shape(), task.heads());
  initialise_from(*model, config);
  model->to(device);
  return model;
}

}  // namespace

Session::Session(const RunConfig& config, std::shared_ptr<const Dataset> data, const BatchLayout& layout,
                 Communicator& communicator, const c10::Device& device)
    : config(config),
      communicator(communicator),
      device(device),
      task(make_task(config.task, config.model.encoder.shape())),
      model(make_model(config, *task, device)),
      data(std::move(data)),
      plan(std::make_shared<TrainingPlan>(this->data->size(), config.seed, layout)),
      loader(this->data, plan, loader_options(/*augment=*/true), make_plan()),
      gradients(named_parameters(*model), communicator),
      optimizer(gradients.parameters(), gradients.gradients(),
                make_param_groups(gradients.parameters(), config.optim.weight_decay), {.betas = config.optim.betas}),
      scaler(config.train.precision, device),
      learner{*model, *task, communicator, gradients, optimizer, scaler, nullptr, config.train.precision, config.optim.clip},
      schedule(config.schedule(plan->steps_per_epoch())) {
  if (config.optim.ema) learner.ema = &ema.emplace(gradients.parameters(), *config.optim.ema);
}

LoaderOptions Session::loader_options(bool augment) const {
  return {.size_px = config.data.image_size,
          .augment = augment,
          .workers = config.data.workers,
          .max_bad_files = config.data.max_bad_files,
          .windows = config.model.encoder.shape().windows,
          .device = device};
}

MakePlan Session::make_plan() const {
  return [task = task.get()](const SampleKey& key, int64_t height_px, int64_t width_px) {
    return task->plan(key, height_px, width_px);
  };
}

BatchLayout batch_layout(const RunConfig& config, const Communicator& communicator) {
  return {.global_batch = config.train.batch_size,
          .micro_batches = config.train.accumulate,
          .rank = communicator.rank(),
          .world_size = communicator.size()};
}

}  // namespace glid
