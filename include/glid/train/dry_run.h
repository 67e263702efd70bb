// What a run would be, without running it.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <string>

#include "glid/train/run_config.h"

namespace glid {

// Builds everything, makes updates of one rank of `num_ranks` with generated images, in two image areas and in micro-batches
// that grow to the real one, until an update takes seconds or memory ends; writes nothing. Prints in parts: parameters by
// part, parameter groups, schedule, steps; then peak memory and time, extrapolations labelled so. When the configured data
// is not there, epochs count the images of the published set, and the report says so.
void dry_run(const RunConfig& config, int num_ranks, const c10::Device& device,
             const std::function<void(const std::string&)>& print);

}  // namespace glid
