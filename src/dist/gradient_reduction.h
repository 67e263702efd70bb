// What differs between one process and a group when gradients are made and averaged.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/dist/named_tensors.h"

namespace glid {

class GradientReduction {
 public:
  virtual ~GradientReduction() = default;
  // An update begins: gradients are as good as zero.
  virtual void zero(NamedTensors& parameters, const std::vector<at::Tensor>& gradients) = 0;
  // The next backward completes an update: average the accumulated gradients while it runs.
  virtual void prepare() = 0;
  // A backward has ended: `gradients` hold what the parameters that took part have.
  virtual void settle(NamedTensors& parameters, const std::vector<at::Tensor>& gradients) = 0;
};

}  // namespace glid
