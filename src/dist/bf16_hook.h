// Gradients that ranks send each other in bf16 and sum in their own type.
#pragma once

#include <torch/csrc/distributed/c10d/ProcessGroup.hpp>
#include <torch/csrc/distributed/c10d/comm.hpp>

namespace glid {

// Each rank gets its part of a bucket from all, sums it, and sends the mean to all: the traffic of an all-reduce in bf16,
// which would round after each of its sums. Averages in the bucket's place.
class Bf16Hook : public c10d::CppCommHookInterface<c10::intrusive_ptr<c10d::ProcessGroup>> {
 public:
  using CppCommHookInterface::CppCommHookInterface;
  c10::intrusive_ptr<c10::ivalue::Future> runHook(c10d::GradBucket& bucket) override;
};

}  // namespace glid
