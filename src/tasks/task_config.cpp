#include "glid/tasks/task_config.h"

#include "glid/core/format.h"

namespace glid {
namespace {

std::unique_ptr<Task> make(const MaskedImageConfig& config, const TaskContext& context) {
  return std::make_unique<MaskedImage>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const SimmimConfig& config, const TaskContext& context) {
  return std::make_unique<Simmim>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const MaeConfig& config, const TaskContext& context) {
  return std::make_unique<Mae>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const MixmaeConfig& config, const TaskContext& context) {
  return std::make_unique<Mixmae>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const BeitConfig& config, const TaskContext& context) {
  return std::make_unique<Beit>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const AimConfig& config, const TaskContext& context) {
  return std::make_unique<Aim>(config, context.model.encoder, context.image_size_px);
}

std::unique_ptr<Task> make(const ClassificationConfig& config, const TaskContext& context) {
  return std::make_unique<Classification>(config, context);
}

std::unique_ptr<Task> make(const DetectionConfig& config, const TaskContext& context) {
  return std::make_unique<ObjectDetection>(config, context);
}

std::unique_ptr<Task> make(const DepthConfig& config, const TaskContext& context) {
  return std::make_unique<Depth>(config, context);
}

std::unique_ptr<Task> make(const SemanticConfig& config, const TaskContext& context) {
  return std::make_unique<Semantic>(config, context);
}

std::unique_ptr<Task> make(const InstanceMasksConfig& config, const TaskContext& context) {
  return std::make_unique<InstanceMasks>(config, context);
}

std::unique_ptr<Task> make(const PanopticMasksConfig& config, const TaskContext& context) {
  return std::make_unique<PanopticMasks>(config, context);
}

std::unique_ptr<Task> make(const PoseConfig& config, const TaskContext& context) {
  return std::make_unique<Pose>(config, context);
}

std::unique_ptr<Task> make(const MultitaskConfig& config, const TaskContext& context) {
  TaskContext alone = context;
  alone.measured.clear();  // each answers for itself
  std::vector<Multitask::Part> parts;
  for (const MultitaskConfig::Part& part : config.parts())
    std::visit([&](const auto& own) { parts.push_back({std::string(own.kName), make(own, alone)}); }, part);
  return std::make_unique<Multitask>(std::move(parts), config.query_table, context);
}

template <class Config>
HeadInput input_of_task(const Config& task) {
  if constexpr (requires { task.input(); }) return task.input();
  else return HeadInput::kQueries;
}

// What the task's heads read must be there.
template <class Config>
void check_input(const Config& task, const EncoderShape& shape, config::Problems& problems) {
  const HeadInput input = input_of_task(task);
  if (input == HeadInput::kQueries && !shape.has_pyramid())
    problems.add("model.encoder.unit", format("must be 2 for {}, which asks BiFPN and decoder", Config::kName), "1");
  if constexpr (
      requires { task.hiding; } || requires { task.pixels; })
    if (input != HeadInput::kQueries && shape.vit() && shape.has_pyramid())
      problems.add("model.encoder.unit", format("must be 1 for {}, which reads a token of each unit", Config::kName), "2");
  if constexpr (requires { task.check_encoder(shape, problems); }) task.check_encoder(shape, problems);
}

}  // namespace

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context) {
  return std::visit([&](const auto& alternative) { return make(alternative, context); }, config);
}

void check_encoder(const TaskConfig& config, const EncoderShape& shape, config::Problems& problems) {
  std::visit([&](const auto& alternative) { check_input(alternative, shape, problems); }, config);
}

HeadInput input_of(const TaskConfig& config) {
  return std::visit([](const auto& task) { return input_of_task(task); }, config);
}

DataUse use_of(const TaskConfig& config) {
  return std::visit(
      []<class Config>(const Config&) {
        return requires { Config::kOnlyImages; }
        ? DataUse::kImages : DataUse::kAll;
      },
      config);
}

SceneKind scenes_for(const TaskConfig& config) {
  return std::visit(
      []<class Config>(const Config&) {
        if constexpr (requires { Config::kScenes; }) return Config::kScenes;
        else return SceneKind::kClasses;
      },
      config);
}

}  // namespace glid
