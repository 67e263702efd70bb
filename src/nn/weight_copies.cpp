#include "glid/nn/weight_copies.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/variable.h>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

namespace glid {
namespace {

using torch::autograd::variable_list;

constexpr size_t kGroup =
    16;  // weights whose gradients become floats together: the averaging over ranks need not wait for all

thread_local std::shared_ptr<const LentWeights> lent;
thread_local std::vector<at::Tensor>* asked = nullptr;

bool environment_allows() {
  const char* copies = std::getenv("GLID_WEIGHT_COPIES");
  return copies == nullptr || std::string_view(copies) != "0";
}

// Gradients of a group's copies -> of its weights.
struct GradientsToFloat : torch::autograd::Node {
  GradientsToFloat() : Node(std::numeric_limits<uint64_t>::max()) {}  // as soon as they are there, like AccumulateGrad

  variable_list apply(variable_list&& gradients) override {
    variable_list in_float(gradients.size()), given, taken;
    for (size_t i = 0; i < gradients.size(); ++i) {
      if (!gradients[i].defined()) continue;
      in_float[i] = at::empty_like(gradients[i], gradients[i].options().dtype(at::kFloat));
      given.push_back(gradients[i]);
      taken.push_back(in_float[i]);
    }
    if (!given.empty()) at::_foreach_copy_(taken, given);
    return in_float;
  }
};

// Makes the copies [first, last) functions of their weights.
void join(const std::vector<at::Tensor>& weights, std::vector<at::Tensor>& copies, size_t first, size_t last) {
  const auto node = std::make_shared<GradientsToFloat>();
  for (size_t i = first; i < last; ++i) {
    if (!weights[i].requires_grad()) continue;
    node->add_next_edge(torch::autograd::impl::gradient_edge(weights[i]));
    torch::autograd::create_gradient_edge(copies[i], node);
  }
}

}  // namespace

at::Tensor autocast_weight(const at::Tensor& weight) {
  if (!weight.defined() || weight.scalar_type() != at::kFloat) return weight;
  const c10::DeviceType device = weight.device().type();
  if (!at::autocast::is_autocast_enabled(device)) return weight;
  if (lent) {
    const auto found = lent->copies.find(weight.unsafeGetTensorImpl());
    if (found != lent->copies.end()) return found->second;
  }
  if (asked != nullptr) asked->push_back(weight);
  return at::autocast::cached_cast(at::autocast::get_autocast_dtype(device), weight, device);
}

std::shared_ptr<const LentWeights> LentWeights::current() { return lent; }

LentWeights::Again::Again(std::shared_ptr<const LentWeights> weights) : before_(std::exchange(lent, std::move(weights))) {}

LentWeights::Again::~Again() { lent = std::move(before_); }

WeightCopies::Region::Region(WeightCopies* copies, c10::DeviceType device) {
  static const bool allowed = environment_allows();
  if (!allowed || copies == nullptr || !at::autocast::is_autocast_enabled(device)) return;
  copies_ = copies;
  before_ = std::exchange(lent, copies->lend(at::autocast::get_autocast_dtype(device)));
  asked_before_ = std::exchange(asked, &asked_);
}

WeightCopies::Region::~Region() {
  if (copies_ == nullptr) return;
  lent = std::move(before_);
  asked = asked_before_;
  for (const at::Tensor& weight : asked_)
    if (std::ranges::none_of(copies_->weights_, [&](const at::Tensor& known) { return known.is_same(weight); }))
      copies_->weights_.push_back(weight);
}

// A graph that still reads the memory keeps it: then there is new one.
void WeightCopies::require_memory(at::ScalarType type) {
  const auto fits = [&](size_t i) {
    return memory_[i].scalar_type() == type && memory_[i].device() == weights_[i].device() &&
           memory_[i].sizes() == weights_[i].sizes() && memory_[i].storage().use_count() == 1;
  };
  memory_.resize(weights_.size());
  for (size_t i = 0; i < weights_.size(); ++i)
    if (!memory_[i].defined() || !fits(i)) memory_[i] = at::empty_like(weights_[i], weights_[i].options().dtype(type));
}

std::shared_ptr<const LentWeights> WeightCopies::lend(at::ScalarType type) {
  auto all = std::make_shared<LentWeights>();
  if (weights_.empty()) return all;
  const bool with_gradients = at::GradMode::is_enabled();
  const at::NoGradGuard no_grad;
  require_memory(type);
  at::_foreach_copy_(memory_, weights_);
  std::vector<at::Tensor> copies;
  for (const at::Tensor& tensor : memory_) copies.push_back(tensor.variable_data());
  for (size_t first = 0; with_gradients && first < copies.size(); first += kGroup)
    join(weights_, copies, first, std::min(first + kGroup, copies.size()));
  for (size_t i = 0; i < copies.size(); ++i) all->copies.emplace(weights_[i].unsafeGetTensorImpl(), std::move(copies[i]));
  return all;
}

}  // namespace glid
