#include "glid/optim/param_groups.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <numeric>

#include "glid/model/parts.h"

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
           return name.ends_with("_token") || name.ends_with("level_embed") || name.ends_with("query_embed") ||
                  name.ends_with("pos_embed") || name.ends_with(".reference");
         }},
    Rule{"position bias tables", false,
         [](std::string_view name, int64_t) { return name.ends_with("relative_position_bias_table"); }},
    Rule{"norms and fusion weights", false,
         [](std::string_view name, int64_t dim) {
           return dim == 1 && (name.ends_with(".weight") || name.ends_with(".fusion") || name.ends_with(".gamma_1") ||
                               name.ends_with(".gamma_2"));
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

// The number that `name` starts with.
int64_t leading_number(std::string_view name) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  TORCH_CHECK(error == std::errc(), "expected a number at the start of ", name);
  return number;
}

double of_part(const LrMultipliers& mult, std::string_view part) {
  if (part == "encoder") return mult.encoder;
  if (part == "bifpn") return mult.bifpn;
  if (part == "decoder") return mult.decoder;
  if (part == "unit_decoder") return mult.unit_decoder;
  if (part == "queries") return mult.queries;
  if (part == "heads") return mult.heads;
  return 1;
}

}  // namespace

int64_t encoder_layer(std::string_view name, std::span<const int64_t> depths) {
  constexpr std::string_view kLayers = "encoder.layers.", kBlocks = ".blocks.", kVitBlocks = "encoder.blocks.";
  if (name.starts_with("encoder.patch_embed.") || name == "encoder.cls_token" || name == "encoder.pos_embed") return 0;
  if (name.starts_with(kVitBlocks)) return 1 + leading_number(name.substr(kVitBlocks.size()));
  if (!name.starts_with(kLayers)) return std::accumulate(depths.begin(), depths.end(), int64_t{1});
  const int64_t stage = leading_number(name.substr(kLayers.size()));
  const int64_t before = std::accumulate(depths.begin(), depths.begin() + stage, int64_t{0});
  const size_t blocks = name.find(kBlocks);
  if (blocks == std::string_view::npos) return before + depths[static_cast<size_t>(stage)];  // the merging
  return before + 1 + leading_number(name.substr(blocks + kBlocks.size()));
}

double LrScale::of(std::string_view name) const {
  const double factor = of_part(mult, part_of_parameter(name));
  if (layer_decay == 1) return factor;
  const int64_t last = std::accumulate(depths.begin(), depths.end(), int64_t{1});
  return factor * std::pow(layer_decay, static_cast<double>(last - encoder_layer(name, depths)));
}

int64_t ParamGroup::num_values(const NamedTensors& parameters) const {
  int64_t count = 0;
  for (const size_t i : members) count += parameters[i].second.numel();
  return count;
}

std::vector<ParamGroup> make_param_groups(const NamedTensors& parameters, double weight_decay, const LrScale& scale) {
  std::map<std::pair<size_t, double>, std::vector<size_t>> members;  // by rule, then by learning rate
  for (size_t i = 0; i < parameters.size(); ++i) {
    const auto& [name, parameter] = parameters[i];
    members[{rule_of(name, parameter), scale.of(name)}].push_back(i);
  }
  std::vector<ParamGroup> groups;
  for (auto& [key, indices] : members) {
    const Rule& rule = kRules[key.first];
    groups.push_back({rule.name, rule.decays ? weight_decay : 0, std::move(indices), key.second});
  }
  return groups;
}

}  // namespace glid
