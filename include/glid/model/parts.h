// The parts of a model, as init.parts, optim.freeze and optim.lr_mult name them.
#pragma once

#include <array>
#include <string_view>

namespace glid {

inline constexpr std::array<std::string_view, 6> kModelParts = {"encoder",      "bifpn",   "decoder",
                                                                "unit_decoder", "queries", "heads"};

// The part of a parameter: its module's, but for the learned queries e, which are "queries". [CLS] and [M] belong to the
// decoder (paper section 4.3: what is pre-trained with it is loaded with it).
constexpr std::string_view part_of_parameter(std::string_view name) {
  return name == "decoder.query_embed" ? "queries" : name.substr(0, name.find('.'));
}

}  // namespace glid
