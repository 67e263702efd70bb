// Where a run starts: afresh, or at a checkpoint of the same run.
#pragma once

#include <optional>

#include "glid/train/checkpoint.h"
#include "glid/train/loop.h"

namespace glid {

// Decides and says so in the log. Reads only. Throws UsageError when the folder or checkpoint is of another run.
std::optional<Checkpoint> choose_start(const RunConfig& config, const Resume& resume);

// Warns of what differs from the run that wrote the checkpoint and may change bits: ranks, threads. Throws UsageError if
// the dataset is another one.
void compare_with(const Checkpoint& checkpoint, const Json& state);

}  // namespace glid
