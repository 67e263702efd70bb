#include "glid/optim/param_groups.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace glid {
namespace {

struct Rule {
  const char* name;
  bool decays;
  bool (*matches)(std::string_view name, int64_t dim);
};

constexpr std::array kRules{
    Rule{"biases", false, [](std::string_view name, int64_t) { return name.ends_with(".bias"); }},
    Rule{"tokens and level embeddings", false,
         [](std::string_view name, int64_t) {
           return name.ends_with("_token") || name.ends_with("level_embed") || name.ends_with("query_embed");
         }},
    Rule{"position bias tables", false,
         [](std::string_view name, int64_t) { return name.ends_with("relative_position_bias_table"); }},
    Rule{"norms and fusion weights", false,
         [](std::string_view name, int64_t dim) {
           return dim == 1 && (name.ends_with(".weight") || name.ends_with(".fusion"));
         }},
    Rule{"matrices and convolutions", true,
         [](std::string_view name, int64_t dim) { return dim >= 2 && name.ends_with(".weight"); }},
};

size_t rule_of(const std::string& name, const at::Tensor& parameter) {
  const auto rule =
      std::find_if(kRules.begin(), kRules.end(), [&](const Rule& r) { return r.matches(name, parameter.dim()); });
  TORCH_CHECK(rule != kRules.end(), "no parameter group for ", name);
  return static_cast<size_t>(rule - kRules.begin());
}

}  // namespace

int64_t ParamGroup::num_values(const NamedTensors& parameters) const {
  int64_t count = 0;
  for (const size_t i : members) count += parameters[i].second.numel();
  return count;
}

std::vector<ParamGroup> make_param_groups(const NamedTensors& parameters, double weight_decay) {
  std::vector<ParamGroup> groups;
  for (const Rule& rule : kRules) groups.push_back({rule.name, rule.decays ? weight_decay : 0, {}});
  for (size_t i = 0; i < parameters.size(); ++i)
    groups[rule_of(parameters[i].first, parameters[i].second)].members.push_back(i);
  std::erase_if(groups, [](const ParamGroup& group) { return group.members.empty(); });
  return groups;
}

}  // namespace glid
