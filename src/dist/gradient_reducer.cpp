#include "glid/dist/gradient_reducer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <unordered_set>

#include "gradient_reduction.h"
#include "lost_peer.h"

namespace glid {
namespace {

void check_parameters(const NamedTensors& parameters) {
  TORCH_CHECK(!parameters.empty(), "GradientReducer: no parameters");
  std::unordered_set<std::string> names;
  std::unordered_set<const c10::TensorImpl*> tensors;
  for (const auto& [name, tensor] : parameters) {
    TORCH_CHECK(tensor.is_leaf() && tensor.requires_grad(), "GradientReducer: ", name,
                " is not a leaf that requires a gradient");
    TORCH_CHECK(names.insert(name).second, "GradientReducer: two parameters are named ", name);
    TORCH_CHECK(tensors.insert(tensor.unsafeGetTensorImpl()).second, "GradientReducer: ", name,
                " is the same tensor as a parameter before it; list shared parameters once");
  }
}

}  // namespace

// Gradients that exist when the reduction is made become views of its buckets at once.
GradientReducer::GradientReducer(NamedTensors parameters, Communicator& communicator, const ReductionOptions& options)
    : communicator_(communicator), parameters_(std::move(parameters)) {
  check_parameters(parameters_);
  for (auto& [name, parameter] : parameters_) parameter.mutable_grad() = at::zeros_like(parameter);
  reduction_ = communicator.make_reduction(parameters_, options);
  for (const auto& [name, parameter] : parameters_) gradients_.push_back(parameter.grad());
  watch_participation();
}

GradientReducer::~GradientReducer() {
  for (size_t i = 0; i < hooks_.size(); ++i) parameters_[i].second.remove_hook(hooks_[i]);
}

void GradientReducer::watch_participation() {
  took_part_ = std::make_shared<std::vector<char>>(parameters_.size());
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const auto note = [flags = took_part_, i](const at::Tensor& gradient) { (*flags)[i] |= gradient.defined(); };
    hooks_.push_back(parameters_[i].second.register_hook(note));
  }
}

void GradientReducer::zero() { reduction_->zero(parameters_, gradients_); }

void GradientReducer::backward(const at::Tensor& loss, bool last) {
  std::fill(took_part_->begin(), took_part_->end(), 0);
  if (last) {
    reduction_->prepare();
    as_collective(communicator_, "the averaging of", "the gradients", [&] { loss.backward(); });
    check_participation();
  } else {
    loss.backward();
  }
  reduction_->settle(parameters_, gradients_);
}

void GradientReducer::check_participation() const {
  for (size_t i = 0; i < parameters_.size(); ++i) {
    TORCH_CHECK((*took_part_)[i], "GradientReducer: the loss does not depend on ", parameters_[i].first,
                ", so its gradient cannot be averaged; use it in every last micro-batch or leave it out");
  }
}

}  // namespace glid
