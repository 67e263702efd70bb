// Where the time of a run's updates goes.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <string>

#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

struct ProfileOptions {
  int steps = 20;               // updates to time
  std::filesystem::path trace;  // a file for chrome://tracing or Perfetto; empty: none
};

// Makes updates on the configuration's own data, writes nothing but the trace, and returns tables of this rank: milliseconds
// an update by part (data, encoder, bifpn, decoder, matching, losses, backward, update, ..), each without the parts inside
// it, what the loader's threads do meanwhile, the longest operations (OperationTimes), what an image costs (FlopCounter,
// forward and backward pass) and the peak of memory. Images/s are of updates in which nothing else is timed. All ranks must
// call it. Throws UsageError where the trace can't become a file.
std::string profile(const RunConfig& config, const ProfileOptions& options, Communicator& communicator,
                    const c10::Device& device);

}  // namespace glid
