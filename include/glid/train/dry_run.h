// What a run would be, without running it.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

// Builds everything, makes one update of at most 4 generated images, writes nothing, and returns a report: parameters by
// part, parameter groups, schedule, steps, memory and time, extrapolations labelled so. When the configured data is not
// there, epochs count ImageNet's 1,281,167 images, and the report says so.
std::string dry_run(const RunConfig& config, Communicator& communicator, const c10::Device& device);

}  // namespace glid
