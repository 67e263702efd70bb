#include "glid/tasks/task_config.h"

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

}  // namespace

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context) {
  return std::visit([&](const auto& alternative) { return make(alternative, context); }, config);
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
