// The run: everything that a configuration describes, built once, then trained to the end.
#pragma once

#include <filesystem>
#include <string>

#include "glid/core/error.h"
#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

// How to go on with what is in the run folder.
struct Resume {
  enum class Mode {
    kAuto,  // go on with a run of the same configuration that is there, else start
    kNone,  // the folder must be new or empty
    kFrom,  // start from the checkpoint (or the run's newest) at `from`
  };
  Mode mode = Mode::kAuto;
  std::filesystem::path from;
};

// Trains in config.out. All ranks call it. Returns kDone, or kInterrupted after a checkpoint on SIGTERM or SIGUSR1.
// Throws UsageError for a folder of another run, DataError for data and checkpoints, Error (kNumerical) when too many
// updates in a row were not finite.
ExitCode train(const RunConfig& config, const Resume& resume, Communicator& communicator, const c10::Device& device);

}  // namespace glid
