// Which checkpoint of a run is meant.
#pragma once

#include <string>

#include "glid/train/checkpoint.h"
#include "glid/train/run_config.h"
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

// The stem of the file with these weights. Throws UsageError naming `option` where the run kept no averages.
std::string stem_of_weights(const Checkpoint& checkpoint, EvalWeights weights, const std::string& option);

}  // namespace glid
