// What the tasks with masks ask of the data.
#pragma once

#include <c10/util/Exception.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/data/dataset.h"
#include "glid/tasks/mask_output.h"

namespace glid {

// Throws UsageError when there are none.
inline int64_t num_classes_of(std::string_view task, std::string_view what, const std::vector<Vocabulary::Class>& classes) {
  if (classes.empty())
    throw UsageError("task.name", format("needs {}, which the data doesn't have", what), std::string(task),
                     "docs/datasets.md says what data sets hold");
  return std::ssize(classes);
}

// Objects and segments of several views can't be averaged.
inline const QueryMasks& only(std::span<const QueryMasks> views) {
  TORCH_CHECK(views.size() == 1, "one view of an image");
  return views[0];
}

}  // namespace glid
