// Gradients averaged by c10d::Reducer, in buckets, while backward runs.
#pragma once

#include <memory>

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>

#include "glid/dist/gradient_reducer.h"
#include "gradient_reduction.h"

namespace glid {

// Gives every rank rank 0's values; the gradients, which must be defined, become views of the buckets.
std::unique_ptr<GradientReduction> make_bucket_reduction(const NamedTensors& parameters,
                                                         const c10::intrusive_ptr<c10d::ProcessGroup>& group,
                                                         const ReductionOptions& options);

}  // namespace glid
