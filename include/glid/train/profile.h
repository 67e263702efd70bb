// Where the time of a run's updates goes.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "glid/dist/communicator.h"
#include "glid/train/run_config.h"

namespace glid {

// Makes three updates and then `steps` timed ones on the configuration's own data, writes nothing, and returns a table of
// this rank: milliseconds an update by part (data, encoder, bifpn, decoder, matching, losses, backward, update, ..), each
// without the parts inside it, what the loader's threads do meanwhile, what an image costs (FlopCounter, forward and
// backward pass) and the peak of memory. All ranks must call it.
std::string profile(const RunConfig& config, int steps, Communicator& communicator, const c10::Device& device);

}  // namespace glid
