// Which units of an image are hidden: the strategies of the paper's Table 7 (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
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

// Why a combination can't be drawn, or empty: a unit is seen and one is hidden; the grid's ratio is 0.75, on even unit
// grids.
std::string mask_problem(MaskStrategy strategy, double ratio, const UnitGrid& grid);

// K = floor(units * (1 - ratio)) of decimal numbers: 5 of 25 at 0.8, where MAE's int(L * (1 - ratio)) has 4, as 1 - 0.8 is a
// little less than 0.2 in binary ones.
int64_t num_visible_units(const UnitGrid& grid, double ratio);

// The visible units, ascending: exactly num_visible_units of them.
std::vector<int64_t> draw_visible(const UnitGrid& grid, MaskStrategy strategy, double ratio, Rng rng);
// The units of the grid that are not among those (ascending), ascending.
std::vector<int64_t> hidden_beside(const std::vector<int64_t>& visible, const UnitGrid& grid);

// BEiT's masks (Bao et al., ICLR 2022; microsoft/unilm, beit/masking_generator.py).
struct BlockMask {
  int64_t hidden = 75;             // units, at most
  int64_t smallest = 16;           // of a block, before its sides are rounded
  std::optional<int64_t> largest;  // the same; none: as many as are left to hide
};

// The hidden units, ascending. Blocks of an area uniform in [smallest, largest], 0.3 to 1 / 0.3 times as high as wide, are
// hidden until `hidden` units are, or ten blocks in a row don't fit: whose new units are none, or more than are left. Fewer
// than `hidden` are the rule; where no block fits at all, a random unit is hidden.
std::vector<int64_t> draw_blocks(const UnitGrid& grid, const BlockMask& mask, Rng rng);

}  // namespace glid
