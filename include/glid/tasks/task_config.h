// The closed list of tasks: the `task` block of a configuration.
#pragma once

#include <memory>
#include <variant>

#include "glid/tasks/masked_image.h"

namespace glid {

using TaskConfig = std::variant<MaskedImageConfig>;

// What a task is made for.
struct TaskContext {
  SwinShape encoder;
  int64_t image_size_px = 0;
  Vocabulary vocabulary;  // of the training data
};

std::unique_ptr<Task> make_task(const TaskConfig& config, const TaskContext& context);

}  // namespace glid
