// Models of pose see one person at a time: their samples are persons.
#pragma once

#include <variant>

#include "glid/tasks/task_config.h"

namespace glid {

inline bool sees_persons(const TaskConfig& task) { return std::holds_alternative<PoseConfig>(task); }
// What is counted: persons, and images without one, are samples.
inline const char* sample_name(const TaskConfig& task) { return sees_persons(task) ? "sample" : "image"; }

}  // namespace glid
