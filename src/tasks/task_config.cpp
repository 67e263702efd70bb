#include "glid/tasks/task_config.h"

namespace glid {
namespace {

std::unique_ptr<Task> make(const MaskedImageConfig& config, const TaskContext& context) {
  return std::make_unique<MaskedImage>(config, context.model.encoder, context.image_size_px);
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

std::unique_ptr<Task> make(const PoseConfig& config, const TaskContext& context) {
  return std::make_unique<Pose>(config, context);
}

}  // namespace

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context) {
  return std::visit([&](const auto& alternative) { return make(alternative, context); }, config);
}

}  // namespace glid
