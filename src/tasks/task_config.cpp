#include "glid/tasks/task_config.h"

#include <c10/util/Exception.h>

#include <algorithm>

namespace glid {
namespace {

std::unique_ptr<Task> make(const MaskedImageConfig& config, const TaskContext& context) {
  return std::make_unique<MaskedImage>(config, context.encoder, context.image_size_px);
}

}  // namespace

double count_of(const LossTerm& term, const std::vector<LossCount>& counts) {
  const auto found = std::find_if(counts.begin(), counts.end(), [&](const LossCount& c) { return c.name == term.count; });
  TORCH_CHECK(found != counts.end(), "the loss term ", term.name, " is divided by an unknown count, ", term.count);
  return found->value;
}

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context) {
  return std::visit([&](const auto& alternative) { return make(alternative, context); }, config);
}

}  // namespace glid
