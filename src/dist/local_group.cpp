#include <ATen/ATen.h>

#include "gradient_reduction.h"
#include "groups.h"

namespace glid {
namespace {

// Backward's tensors become the gradients, where a sum would want them zeroed and added to; until then there are none, nor
// their memory.
class LocalReduction : public GradientReduction {
 public:
  explicit LocalReduction(NamedTensors parameters) : parameters_(std::move(parameters)) {
    for (const auto& [name, parameter] : parameters_) {
      gradients_.push_back(parameter.grad());
      nothing_.push_back(at::empty({0}, parameter.grad().options()));
    }
  }
  void zero() override {
    for (size_t i = 0; i < parameters_.size(); ++i) {
      parameters_[i].second.mutable_grad().reset();
      gradients_[i].set_data(nothing_[i]);
    }
  }
  void prepare() override {}
  void finish() override {
    for (size_t i = 0; i < parameters_.size(); ++i) take_over(gradients_[i], parameters_[i].second.mutable_grad());
  }

 private:
  // What reads the values of another one, as a view of it, gets its own: they are changed in place.
  static void take_over(at::Tensor& gradient, at::Tensor& made) {
    if (made.is_same(gradient)) return;
    gradient.set_data(made.storage().use_count() == 1 ? made : made.clone());
    made = gradient;
  }

  NamedTensors parameters_;
  std::vector<at::Tensor> gradients_;  // the tensors that others hold: their contents change
  std::vector<at::Tensor> nothing_;
};

// The sum over one rank, and everything else, is already there.
class LocalGroup : public Communicator {
 public:
  using Communicator::Communicator;

 private:
  void do_all_reduce_sum(const at::Tensor&) override {}
  void do_broadcast(const at::Tensor&, int) override {}
  void do_all_gather(const at::Tensor&) override {}
  std::unique_ptr<GradientReduction> make_reduction(const NamedTensors& parameters, const ReductionOptions&) override {
    return std::make_unique<LocalReduction>(parameters);
  }
};

}  // namespace

std::unique_ptr<Communicator> make_local_group(const LaunchEnv& env) { return std::make_unique<LocalGroup>(env); }

}  // namespace glid
