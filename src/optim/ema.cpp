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

Ema::Ema(NamedTensors parameters, double decay)
    : parameters_(std::move(parameters)), decay_(decay), averages_(clones(values_of(parameters_))) {}

void Ema::update() {
  const at::NoGradGuard no_grad;
  at::_foreach_lerp_(averages_, values_of(parameters_), 1 - decay_);
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
  return state;
}

}  // namespace glid
