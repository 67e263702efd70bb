// What a fused window attention keeps of a plan for its backward pass.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/nn/plan_tensors.h"

namespace glid {

// As tensors and numbers that autograd keeps.
std::vector<at::Tensor> tensors_to_save(const WindowTensors& windows);
std::vector<int64_t> shapes_to_save(const WindowTensors& windows);
// The same again, from the tensors that begin at `first`; without the way back to tokens (map.inverse).
WindowTensors saved_windows(const std::vector<at::Tensor>& list, size_t first, const std::vector<int64_t>& shapes);

}  // namespace glid
