#include "glid/optim/precision.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

namespace glid {
namespace {

constexpr double kInitialFactor = 65536, kSmallestFactor = 1, kGrowth = 2, kBackoff = 0.5;
constexpr int64_t kGrowthInterval = 2000;

}  // namespace

AutocastGuard::AutocastGuard(Precision precision, c10::DeviceType device)
    : device_(device), active_(precision != Precision::kFp32) {
  if (!active_) return;
  was_enabled_ = at::autocast::is_autocast_enabled(device);
  old_type_ = at::autocast::get_autocast_dtype(device);
  at::autocast::set_autocast_enabled(device, true);
  at::autocast::set_autocast_dtype(device, precision == Precision::kBf16 ? at::kBFloat16 : at::kHalf);
  at::autocast::increment_nesting();
}

AutocastGuard::~AutocastGuard() {
  if (!active_) return;
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(device_, was_enabled_);
  at::autocast::set_autocast_dtype(device_, old_type_);
}

LossScaler::LossScaler(Precision precision, const at::Device& device)
    : active_(precision == Precision::kFp16),
      factor_(at::full({}, active_ ? kInitialFactor : 1.0, at::TensorOptions(device).dtype(at::kFloat))),
      good_steps_(at::zeros({}, at::TensorOptions(device).dtype(at::kInt))) {}

at::Tensor LossScaler::scale(const at::Tensor& loss) const { return active_ ? loss * factor_ : loss; }

void LossScaler::unscale(const std::vector<at::Tensor>& gradients) const {
  if (active_) at::_foreach_mul_(gradients, factor_.reciprocal());
}

at::Tensor LossScaler::failure(const at::Tensor& found_inf) const {
  return active_ ? found_inf * (factor_ <= kSmallestFactor) : found_inf;
}

void LossScaler::update(const at::Tensor& found_inf) {
  if (!active_) return;
  at::_amp_update_scale_(factor_, good_steps_, found_inf, kGrowth, kBackoff, kGrowthInterval);
  factor_.clamp_min_(kSmallestFactor);
}

std::array<double, 2> LossScaler::state() const {
  return {factor_.item<double>(), static_cast<double>(good_steps_.item<int64_t>())};
}

void LossScaler::set_state(const std::array<double, 2>& state) {
  factor_.fill_(state[0]);
  good_steps_.fill_(static_cast<int64_t>(state[1]));
}

}  // namespace glid
