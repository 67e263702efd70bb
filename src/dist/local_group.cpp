#include "gradient_reduction.h"
#include "groups.h"

namespace glid {
namespace {

class LocalReduction : public GradientReduction {
 public:
  void prepare() override {}
};

// The sum over one rank, and everything else, is already there.
class LocalGroup : public Communicator {
 public:
  using Communicator::Communicator;
  void all_reduce_sum(const at::Tensor&) override {}
  void broadcast(const at::Tensor&, int) override {}
  std::vector<std::string> all_gather_bytes(const std::string& bytes) override { return {bytes}; }
  void barrier() override {}

 private:
  std::unique_ptr<GradientReduction> make_reduction(const NamedTensors&) override {
    return std::make_unique<LocalReduction>();
  }
};

}  // namespace

std::unique_ptr<Communicator> make_local_group(const LaunchEnv& env) { return std::make_unique<LocalGroup>(env); }

}  // namespace glid
