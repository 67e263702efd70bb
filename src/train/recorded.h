// A run in the flight record of its process.
#pragma once

#include <functional>
#include <vector>

#include "glid/core/error.h"
#include "glid/data/batch.h"
#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

// Trains by `work`. Whatever ends that badly is passed on, and OUT/flight_rank<rank>.json says what this rank did last
// (docs/multi_gpu.md); with a run that is done those of former ends go. OUT must be there.
ExitCode recorded(const RunConfig& config, const Communicator& communicator, const std::function<ExitCode()>& work);

// What the step that has begun learns from.
void record_samples(const std::vector<Batch>& batches);

}  // namespace glid
