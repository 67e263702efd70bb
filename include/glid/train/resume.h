// Where a run starts: afresh, or at a checkpoint of the same run.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "glid/train/checkpoint.h"
#include "glid/train/loop.h"
#include "glid/train/run_state.h"

namespace glid {

// Where a run is to go on, and what it knew of itself there.
struct Start {
  Checkpoint checkpoint;
  RunState state;
  RunConfig config;         // as it was
  bool best_counts = true;  // its best model can be compared with those to come
};

// Decides and says so in the log. Reads only. Throws UsageError when the folder or checkpoint is of another run, DataError
// when its format is another one.
std::optional<Start> choose_start(const RunConfig& config, const Resume& resume);

// All ranks call it. Throws UsageError, on all ranks, when they found different checkpoints: their disks are not the same.
void require_same_start(const std::optional<Start>& start, const RunConfig& config, Communicator& communicator);

// Warns of what differs from the run that wrote the checkpoint and may change bits: ranks, threads, files of other sizes.
// Throws UsageError if the samples are others.
void compare_with(const Start& start, const RunState& state);

// How a hint ends where only a new run helps: the options that start it, from the weights of this one's newest checkpoint as
// far as there are any, but for some parts. Throws nothing.
std::string new_run_hint(const std::filesystem::path& run_or_checkpoint, const std::set<std::string_view>& without = {});

}  // namespace glid
