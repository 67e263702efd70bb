// The weights that a run starts from.
#pragma once

#include "glid/model/glid.h"
#include "glid/train/run_config.h"

namespace glid {

// Random values from the seed, then what init.from gives; the report is logged.
void initialise_from(Glid& model, const RunConfig& config);

}  // namespace glid
