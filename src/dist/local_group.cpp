#include <ATen/ATen.h>

#include "gradient_reduction.h"
#include "groups.h"

namespace glid {
namespace {

// Backward's tensors become the gradients, where a sum would want them zeroed and added to; until then there are none, nor
// their memory.
class LocalReduction : public GradientReduction {
 public:
  explicit LocalReduction(const NamedTensors& parameters) {
    for (const auto& [name, parameter] : parameters) nothing_.push_back(at::empty({0}, parameter.options()));
  }
  void zero(NamedTensors& parameters, const std::vector<at::Tensor>& gradients) override {
    for (size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].second.mutable_grad().reset();
      gradients[i].set_data(nothing_[i]);
    }
  }
  void prepare() override {}
  void settle(NamedTensors& parameters, const std::vector<at::Tensor>& gradients) override {
    for (size_t i = 0; i < parameters.size(); ++i) take_over(gradients[i], parameters[i].second.mutable_grad());
  }

 private:
  // The next backward adds to it in place, and so does clipping: what reads the values of another one, as a view of it, gets
  // its own.
  static void take_over(const at::Tensor& gradient, at::Tensor& made) {
    if (!made.defined() || made.is_same(gradient)) return;
    gradient.set_data(made.storage().use_count() == 1 ? made : made.clone());
    made = gradient;
  }

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
