#include "glid/optim/sharded.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace glid {
namespace {

std::vector<ParamGroup> own_groups(const NamedTensors& parameters, std::vector<ParamGroup> groups,
                                   const ParameterShards& shards) {
  for (ParamGroup& group : groups)
    std::erase_if(group.members, [&](size_t i) { return !shards.is_own(parameters[i].first); });
  std::erase_if(groups, [](const ParamGroup& group) { return group.members.empty(); });
  return groups;
}

NamedTensors own_parameters(const NamedTensors& parameters, const ParameterShards& shards) {
  NamedTensors own;
  for (const auto& parameter : parameters)
    if (shards.has(parameter.first) && shards.is_own(parameter.first)) own.push_back(parameter);
  return own;
}

// Tensors that belong to parameters, by name, on the way to rank 0.
class Gathering {
 public:
  Gathering(const ParameterShards& shards, const NamedTensors& own) : shards_(shards), own_(own.begin(), own.end()) {}

  // `like` has the tensor's shape and type.
  void add(const std::string& parameter, const std::string& name, const at::Tensor& like) {
    const auto found = own_.find(name);
    const at::Tensor values = shards_.on_main(parameter, found == own_.end() ? like.detach() : found->second);
    if (values.defined()) gathered_.emplace_back(name, values);
  }
  NamedTensors take() { return std::move(gathered_); }

 private:
  const ParameterShards& shards_;
  std::unordered_map<std::string, at::Tensor> own_;
  NamedTensors gathered_;
};

}  // namespace

ShardedAdamW::ShardedAdamW(NamedTensors parameters, std::vector<at::Tensor> gradients, std::vector<ParamGroup> groups,
                           const AdamWOptions& options, const ParameterShards& shards)
    : shards_(shards),
      parameters_(std::move(parameters)),
      groups_(std::move(groups)),
      own_(parameters_, std::move(gradients), own_groups(parameters_, groups_, shards), options) {}

void ShardedAdamW::step(double lr, const at::Tensor& found_inf) {
  own_.step(lr, found_inf);
  shards_.share();
}

NamedTensors ShardedAdamW::whole_state() const {
  Gathering gathering(shards_, own_.state());
  for (const ParamGroup& group : groups_)
    for (const size_t i : group.members) {
      const auto& [name, parameter] = parameters_[i];
      gathering.add(name, name + ".exp_avg", parameter);
      gathering.add(name, name + ".exp_avg_sq", parameter);
      gathering.add(name, name + ".step", at::empty({}, parameter.options().dtype(at::kFloat)));
    }
  return gathering.take();
}

ShardedEma::ShardedEma(const NamedTensors& parameters, double decay, bool warms_up, const ParameterShards& shards)
    : Ema(own_parameters(parameters, shards), decay, warms_up), shards_(shards), all_(parameters) {}

void ShardedEma::swap() {
  Ema::swap();
  shards_.share();
}

NamedTensors ShardedEma::whole_state() const {
  const NamedTensors own = state();
  Gathering gathering(shards_, own);
  NamedTensors whole;
  for (const auto& [name, parameter] : all_) {
    if (shards_.has(name)) gathering.add(name, name, parameter);
    std::ranges::move(gathering.take(), std::back_inserter(whole));
    if (!shards_.has(name)) whole.emplace_back(name, parameter.detach());
  }
  whole.push_back(own.back());
  return whole;
}

}  // namespace glid
