// A step's numbers of all ranks.
#pragma once

#include "glid/dist/communicator.h"
#include "glid/train/run_log.h"
#include "glid/train/step.h"

namespace glid {

// Waits for the device. All ranks must call it; loss, terms, grad_norm and diagnostics are filled.
StepMetrics step_metrics(const StepResult& result, Communicator& communicator);

}  // namespace glid
