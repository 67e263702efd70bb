// Tensors under their names, in an order that all ranks share: parameters, an optimizer's state, the content of a file.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <utility>
#include <vector>

namespace glid {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

}  // namespace glid
