#include "glid/train/session.h"

#include <algorithm>

#include "glid/core/error.h"
#include "glid/data/blocks.h"
#include "glid/data/filtered_dataset.h"
#include "glid/data/partly_read.h"
#include "glid/model/parts.h"
#include "glid/tasks/part_in_training.h"
#include "glid/train/init_from.h"

namespace glid {
namespace {

bool is_frozen(const std::string& name, const std::vector<std::string>& parts) {
  return std::find(parts.begin(), parts.end(), part_of_parameter(name)) != parts.end();
}

// A part that isn't there would be frozen without a word.
void require_parts(const NamedTensors& parameters, const std::vector<std::string>& frozen) {
  for (const std::string& part : frozen)
    if (std::ranges::none_of(parameters, [&](const auto& p) { return part_of_parameter(p.first) == part; }))
      throw UsageError("optim.freeze", "names a part that this task's model doesn't have", part, "leave it out");
}

NamedTensors trained(const Glid& model) {
  NamedTensors parameters = named_parameters(model);
  std::erase_if(parameters, [](const auto& parameter) { return !parameter.second.requires_grad(); });
  return parameters;
}

std::shared_ptr<Glid> make_model(const RunConfig& config, const Task& task, const c10::Device& device) {
  auto model = std::make_shared<Glid>(config.model.shape(), task.spec());
  initialise_from(*model, config);
  const NamedTensors parameters = named_parameters(*model);
  require_parts(parameters, config.optim.freeze);
  for (const auto& [name, parameter] : parameters) parameter.set_requires_grad(!is_frozen(name, config.optim.freeze));
  model->to(device);
  return model;
}

std::shared_ptr<const Dataset> partly_read(std::shared_ptr<const Dataset> data, const RunConfig& config) {
  PartByKey part = part_in_training(config.task, config.data.image_size);
  if (!part) return data;
  return std::make_shared<PartlyRead>(std::move(data), std::move(part));
}

}  // namespace

Session::Session(const RunConfig& config, std::shared_ptr<const AnnotatedDataset> data, const BatchLayout& layout,
                 Communicator& communicator, const c10::Device& device)
    : config(config),
      communicator(communicator),
      device(device),
      task(make_task(config.task, config.task_context(data->vocabulary()))),
      model(make_model(config, *task, device)),
      data(filtered(std::move(data), task->filter())),
      plan(std::make_shared<TrainingPlan>(this->data->size(), config.seed, layout, blocks_of(*this->data))),
      loader(partly_read(this->data, config), plan, loader_options(), prepare(/*training=*/true)),
      gradients(trained(*model), communicator),
      optimizer(gradients.parameters(), gradients.gradients(),
                make_param_groups(gradients.parameters(), config.optim.weight_decay, config.lr_scale()),
                {.betas = config.optim.betas}),
      scaler(config.train.precision, device),
      learner{.model = *model,
              .task = *task,
              .communicator = communicator,
              .gradients = gradients,
              .optimizer = optimizer,
              .scaler = scaler,
              .device = device,
              .precision = config.train.precision,
              .clip = config.optim.clip,
              .weight_copies = &weight_copies,
              .checkpoints_blocks = config.train.activation_checkpointing},
      schedule(config.schedule(plan->steps_per_epoch())) {
  if (config.optim.ema) learner.ema = &ema.emplace(named_parameters(*model), *config.optim.ema, config.optim.ema_warmup);
}

LoaderOptions loader_options(const RunConfig& config, const c10::Device& device) {
  return {.unit_px = config.model.encoder.shape().unit_px(),
          .workers = config.data.workers,
          .max_bad_files = config.data.max_bad_files,
          .page_locked = device.is_cuda()};
}

Prepare prepare_by(const Task& task, bool training) {
  return [task = &task, training](const Sample& sample, const SampleKey& key, const BatchPosition& position) {
    return task->prepare(sample, key, position, training);
  };
}

BatchLayout batch_layout(const RunConfig& config, const Communicator& communicator) {
  return {.global_batch = config.train.batch_size,
          .micro_batches = config.train.accumulate,
          .rank = communicator.rank(),
          .world_size = communicator.size()};
}

}  // namespace glid
