// Which part of an image a task's training pictures show, known before the image is decoded.
#pragma once

#include <cstdint>

#include "glid/data/partly_read.h"
#include "glid/tasks/task_config.h"

namespace glid {

// Of tasks that learn from a random crop (square_placement, at size_px) and look at nothing else of the image; an empty
// function for all others, and where colours are changed by what the whole image has.
PartByKey part_in_training(const TaskConfig& config, int64_t size_px);

}  // namespace glid
