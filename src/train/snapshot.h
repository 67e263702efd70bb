// The two ways between a run and its checkpoints.
#pragma once

#include "glid/train/checkpoint.h"
#include "glid/train/nonfinite_guard.h"
#include "glid/train/resume.h"
#include "glid/train/validation.h"

namespace glid {

// What this rank keeps, the tensors themselves: what is copied into them is the run's.
TensorFiles own_tensors_of(const Session& session);
// What all ranks keep, on rank 0. All ranks must call it.
TensorFiles tensors_of(const Session& session);
// What else a checkpoint keeps: the blind predictor, once there is one.
TensorFiles tensors_of(const Validation& validation);

// What the loop knows of itself (steps, loss, dataset), with what its parts know.
RunState snapshot(RunState state, const Session& session, const NonfiniteGuard& guard, const Validation& validation);

// The way back: the parts go on after start.state.step. Throws DataError for tensors that are missing or of other shapes.
void restore(const Start& start, Session& session, NonfiniteGuard& guard, Validation& validation);

}  // namespace glid
