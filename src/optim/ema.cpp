#include "glid/optim/ema.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

std::vector<at::Tensor> values_of(const NamedTensors& parameters) {
  std::vector<at::Tensor> values;
  for (const auto& [name, parameter] : parameters) values.push_back(parameter.detach());
  return values;
}

std::vector<at::Tensor> clones(const std::vector<at::Tensor>& tensors) {
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : tensors) copies.push_back(tensor.clone());
  return copies;
}

}  // namespace

Ema::Ema(NamedTensors parameters, double decay, bool warms_up)
    : parameters_(std::move(parameters)),
      decay_(decay),
      warms_up_(warms_up),
      averages_(clones(values_of(parameters_))),
      num_updates_(at::zeros({}, averages_.at(0).options().dtype(at::kFloat))) {}

void Ema::update(const at::Tensor& found_inf) {
  const at::NoGradGuard no_grad;
  const at::Tensor made = 1 - found_inf;
  num_updates_.add_(made);
  at::Tensor weight = at::full_like(num_updates_, 1 - decay_);
  if (warms_up_) weight = at::maximum(weight, 9 / (num_updates_ + 10));  // 1 - (1 + n) / (10 + n) without cancellation
  std::vector<at::Tensor> steps = at::_foreach_sub(values_of(parameters_), averages_);
  at::_foreach_mul_(steps, weight * made);
  at::_foreach_add_(averages_, steps);
}

void Ema::swap() {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> old = clones(averages_), values = values_of(parameters_);
  at::_foreach_copy_(averages_, values);
  at::_foreach_copy_(values, old);
}

NamedTensors Ema::state() const {
  NamedTensors state;
  for (size_t i = 0; i < averages_.size(); ++i) state.emplace_back(parameters_[i].first, averages_[i]);
  state.emplace_back("num_updates", num_updates_);
  return state;
}

}  // namespace glid
