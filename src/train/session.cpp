#include "glid/train/session.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/blocks.h"
#include "glid/data/filtered_dataset.h"
#include "glid/data/partly_read.h"
#include "glid/model/parts.h"
#include "glid/optim/sharded.h"
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

std::optional<ParameterShards> make_shards(const RunConfig& config, const NamedTensors& parameters,
                                           Communicator& communicator) {
  if (!config.train.shard_optimizer) return std::nullopt;
  if (communicator.size() > std::ssize(parameters))
    throw UsageError("train.shard_optimizer", format("spreads {} tensors over more ranks", parameters.size()),
                     std::to_string(communicator.size()), "it must be false");
  return std::optional<ParameterShards>(std::in_place, parameters, communicator);
}

std::unique_ptr<Optimizer> make_optimizer(const RunConfig& config, const GradientReducer& gradients,
                                          const std::optional<ParameterShards>& shards) {
  const NamedTensors& parameters = gradients.parameters();
  std::vector<ParamGroup> groups = make_param_groups(parameters, config.optim.weight_decay, config.lr_scale());
  const AdamWOptions options{.betas = config.optim.betas};
  if (!shards) return std::make_unique<AdamW>(parameters, gradients.gradients(), std::move(groups), options);
  return std::make_unique<ShardedAdamW>(parameters, gradients.gradients(), std::move(groups), options, *shards);
}

std::unique_ptr<Ema> make_ema(const OptimConfig& config, const NamedTensors& parameters,
                              const std::optional<ParameterShards>& shards) {
  if (!config.ema) return nullptr;
  if (!shards) return std::make_unique<Ema>(parameters, *config.ema, config.ema_warmup);
  return std::make_unique<ShardedEma>(parameters, *config.ema, config.ema_warmup, *shards);
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
      gradients(trained(*model), communicator, reduction_options(config.train)),
      shards(make_shards(config, gradients.parameters(), communicator)),
      optimizer(make_optimizer(config, gradients, shards)),
      scaler(config.train.precision, device),
      ema(make_ema(config.optim, named_parameters(*model), shards)),
      learner{.model = *model,
              .task = *task,
              .communicator = communicator,
              .gradients = gradients,
              .optimizer = *optimizer,
              .scaler = scaler,
              .device = device,
              .ema = ema.get(),
              .precision = config.train.precision,
              .clip = config.optim.clip,
              .weight_copies = &weight_copies,
              .checkpoints_blocks = config.train.activation_checkpointing},
      schedule(config.schedule(plan->steps_per_epoch())) {}

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

ReductionOptions reduction_options(const TrainConfig& config) {
  return {.compression = config.gradient_compression, .bucket_bytes = std::llround(config.bucket_mib * (1 << 20))};
}

BatchLayout batch_layout(const RunConfig& config, const Communicator& communicator) {
  return {.global_batch = config.train.batch_size,
          .micro_batches = config.train.accumulate,
          .rank = communicator.rank(),
          .world_size = communicator.size()};
}

}  // namespace glid
