// Gradients averaged by c10d::Reducer, in buckets, while backward runs.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "gradient_reduction.h"

namespace glid {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// Gives every rank rank 0's values; the gradients, which must be defined, become views of the buckets.
std::unique_ptr<GradientReduction> make_bucket_reduction(const NamedTensors& parameters,
                                                         const c10::intrusive_ptr<c10d::ProcessGroup>& group);

}  // namespace glid
