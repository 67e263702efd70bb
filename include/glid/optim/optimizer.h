// What a run needs of an optimizer, whichever rank keeps its state.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/dist/named_tensors.h"

namespace glid {

class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // `lr` is the rate of a group whose scale is 1. Where found_inf (a float scalar on the parameters' device) is 1 nothing
  // changes, the step count included. Afterwards all ranks have the new values. All ranks must call it.
  virtual void step(double lr, const at::Tensor& found_inf) = 0;

  // What this rank keeps, by name, the tensors themselves.
  virtual NamedTensors state() const = 0;
  // What all ranks keep, on rank 0, in an order that doesn't depend on them. All ranks must call it.
  virtual NamedTensors whole_state() const = 0;
};

}  // namespace glid
