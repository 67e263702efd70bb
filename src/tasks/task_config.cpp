#include "glid/tasks/task_config.h"

namespace glid {
namespace {

std::unique_ptr<Task> make(const MaskedImageConfig& config, const SwinShape& shape) {
  return std::make_unique<MaskedImage>(config, shape);
}

}  // namespace

std::unique_ptr<Task> make_task(const TaskConfig& config, const SwinShape& shape) {
  return std::visit([&](const auto& alternative) { return make(alternative, shape); }, config);
}

}  // namespace glid
