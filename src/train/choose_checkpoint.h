// Which checkpoint of a run is meant.
#pragma once

#include <string>

#include "glid/train/checkpoint.h"
#include "glid/train/run_state.h"

namespace glid {

struct ChosenCheckpoint {
  Checkpoint checkpoint;
  RunState state;
  std::string why;  // "best by rmse"
};

// `path`: a checkpoint itself, or a run, of which `which` says best, last or a step; empty: the best by its validations,
// else the newest. Throws UsageError and DataError.
ChosenCheckpoint choose_checkpoint(const std::filesystem::path& path, const std::string& which);

}  // namespace glid
