// A small plan that kernels are checked on.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "glid/nn/plan_tensors.h"

namespace glid {

// Of 4 images on `device`, `window` units a side in every stage: all units visible, or in `masked` every fourth in turn, so
// that windows hold different numbers of them.
std::shared_ptr<const PlanTensors> plan_for_checks(const UnitGrid& grid, bool masked, int64_t window,
                                                   const at::Device& device);

}  // namespace glid
