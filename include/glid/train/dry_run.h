// What a run would be, without running it.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

// Builds everything, makes updates of generated images in two image areas and in micro-batches that grow to the real one or
// until an update takes seconds, writes nothing, and returns a report: parameters by part, parameter groups, schedule,
// steps, peak memory and time, extrapolations labelled so. When the configured data is not there, epochs count the images of
// the published set, and the report says so.
std::string dry_run(const RunConfig& config, Communicator& communicator, const c10::Device& device);

}  // namespace glid
