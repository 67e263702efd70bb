// Low-precision arithmetic: autocast for a scope, and loss scaling for fp16.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>
#include <vector>

#include "glid/config/value.h"

namespace glid {

enum class Precision { kFp32, kBf16, kFp16 };
constexpr auto enum_names(Precision) {
  return std::to_array<config::Named<Precision>>(
      {{Precision::kFp32, "fp32"}, {Precision::kBf16, "bf16"}, {Precision::kFp16, "fp16"}});
}

// Autocast in this thread while it lives; nothing for fp32. Casts of weights are dropped at the end of the scope, because
// an in-place update would not reach them.
class AutocastGuard {
 public:
  AutocastGuard(Precision precision, c10::DeviceType device);
  ~AutocastGuard();
  AutocastGuard(const AutocastGuard&) = delete;
  AutocastGuard& operator=(const AutocastGuard&) = delete;

 private:
  c10::DeviceType device_;
  bool active_;
  bool was_enabled_ = false;
  at::ScalarType old_type_ = at::kFloat;
};

// The factor of the loss: doubled after 2,000 good steps, halved after one that overflowed, but not under 1; 1 for ever
// without fp16.
class LossScaler {
 public:
  LossScaler(Precision precision, const at::Device& device);

  at::Tensor scale(const at::Tensor& loss) const;
  // Divides the gradients by the factor, in place.
  void unscale(const std::vector<at::Tensor>& gradients) const;
  // Before update(): 1 if the step failed for another reason than a factor that is too large, which the next step has
  // lowered: without fp16 found_inf itself. A float scalar on the device.
  at::Tensor failure(const at::Tensor& found_inf) const;
  // After a step of which found_inf (float scalar) says whether its gradients were not finite.
  void update(const at::Tensor& found_inf);

  // {factor, good steps in a row}, for checkpoints.
  std::array<double, 2> state() const;
  void set_state(const std::array<double, 2>& state);

 private:
  bool active_;
  at::Tensor factor_;      // float scalar
  at::Tensor good_steps_;  // int32 scalar
};

}  // namespace glid
