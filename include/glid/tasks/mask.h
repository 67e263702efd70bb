// Which units of an image are hidden: the strategies of the paper's Table 7 (no LibTorch).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glid/config/value.h"
#include "glid/core/rng.h"
#include "glid/nn/window_plan.h"

namespace glid {

enum class MaskStrategy {
  kRandom,  // a random subset (MAE)
  kBlock,   // random rectangles (BEiT's generator), filled up to the exact number with random units
  kGrid,    // of every 2x2 units the first is visible
};
constexpr auto enum_names(MaskStrategy) {
  return std::to_array<config::Named<MaskStrategy>>(
      {{MaskStrategy::kRandom, "random"}, {MaskStrategy::kBlock, "block"}, {MaskStrategy::kGrid, "grid"}});
}

// Why a combination can't be drawn, or empty: ratios are 0.5, 0.6 and 0.75, the grid's 0.75 on even unit grids.
std::string mask_problem(MaskStrategy strategy, double ratio, const UnitGrid& grid);

// K = floor(units * (1 - ratio)).
int64_t num_visible_units(const UnitGrid& grid, double ratio);

// The visible units, ascending: exactly num_visible_units of them.
std::vector<int64_t> draw_visible(const UnitGrid& grid, MaskStrategy strategy, double ratio, Rng rng);
// The units of the grid that are not among those (ascending), ascending.
std::vector<int64_t> hidden_beside(const std::vector<int64_t>& visible, const UnitGrid& grid);

}  // namespace glid
