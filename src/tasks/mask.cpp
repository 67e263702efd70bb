#include "glid/tasks/mask.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "glid/core/format.h"

namespace glid {
namespace {

std::vector<int64_t> all_units(const UnitGrid& grid) {
  std::vector<int64_t> units(static_cast<size_t>(grid.size()));
  std::iota(units.begin(), units.end(), 0);
  return units;
}

std::vector<int64_t> units_where(const std::vector<bool>& hidden, bool is_hidden) {
  std::vector<int64_t> units;
  for (size_t unit = 0; unit < hidden.size(); ++unit)
    if (hidden[unit] == is_hidden) units.push_back(static_cast<int64_t>(unit));
  return units;
}

std::vector<int64_t> draw_random(const UnitGrid& grid, int64_t num_visible, Rng& rng) {
  std::vector<int64_t> units = all_units(grid);
  shuffle(units, rng);
  units.resize(static_cast<size_t>(num_visible));
  return units;
}

// Hides one random rectangle of at most `most` new units; returns how many it hid, 0 after ten vain tries.
int64_t hide_block(const UnitGrid& grid, std::vector<bool>& hidden, int64_t smallest, int64_t most, Rng& rng) {
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = rng.uniform(static_cast<double>(smallest), static_cast<double>(most));
    const double aspect = std::exp(rng.uniform(std::log(0.3), std::log(1 / 0.3)));
    const int64_t h = std::llround(std::sqrt(area * aspect)), w = std::llround(std::sqrt(area / aspect));
    if (h < 1 || w < 1 || h >= grid.height || w >= grid.width) continue;
    const auto top = static_cast<int64_t>(rng.below(static_cast<uint64_t>(grid.height - h + 1)));
    const auto left = static_cast<int64_t>(rng.below(static_cast<uint64_t>(grid.width - w + 1)));
    std::vector<int64_t> fresh;
    for (int64_t y = top; y < top + h; ++y)
      for (int64_t x = left; x < left + w; ++x)
        if (!hidden[static_cast<size_t>(y * grid.width + x)]) fresh.push_back(y * grid.width + x);
    if (fresh.empty() || std::ssize(fresh) > most) continue;
    for (const int64_t unit : fresh) hidden[static_cast<size_t>(unit)] = true;
    return std::ssize(fresh);
  }
  return 0;
}

std::vector<int64_t> draw_block(const UnitGrid& grid, int64_t num_visible, Rng& rng) {
  std::vector<bool> hidden(static_cast<size_t>(grid.size()));
  for (int64_t remaining = grid.size() - num_visible; remaining > 0;) {
    const int64_t smallest = std::min<int64_t>(3, remaining);  // BEiT's 16 of 196 units, scaled to 36
    const int64_t added = hide_block(grid, hidden, smallest, remaining, rng);
    if (added == 0) break;
    remaining -= added;
  }
  std::vector<int64_t> visible = units_where(hidden, false);
  shuffle(visible, rng);
  visible.resize(static_cast<size_t>(num_visible));  // the generator may stop short: the rest is hidden at random
  return visible;
}

std::vector<int64_t> draw_grid(const UnitGrid& grid) {
  std::vector<int64_t> visible;
  for (int64_t y = 0; y < grid.height; y += 2)
    for (int64_t x = 0; x < grid.width; x += 2) visible.push_back(y * grid.width + x);
  return visible;
}

bool is_close(double a, double b) { return std::abs(a - b) < 1e-9; }

// That one unit is left with, rounded down.
double largest_ratio(const UnitGrid& grid) { return std::floor(1000 - 1000 / static_cast<double>(grid.size())) / 1000; }

}  // namespace

std::string mask_problem(MaskStrategy strategy, double ratio, const UnitGrid& grid) {
  const int64_t num_visible = num_visible_units(grid, ratio);
  if (num_visible < 1)
    return format("leaves no visible unit of {}x{}; the largest that does is {}", grid.height, grid.width,
                  largest_ratio(grid));
  if (num_visible >= grid.size()) return format("hides no unit of {}x{}", grid.height, grid.width);
  if (strategy != MaskStrategy::kGrid) return {};
  if (!is_close(ratio, 0.75)) return "must be 0.75 for the grid mask";
  if (grid.height % 2 != 0 || grid.width % 2 != 0)
    return format("needs an even grid of units for the grid mask, not {}x{}", grid.height, grid.width);
  return {};
}

int64_t num_visible_units(const UnitGrid& grid, double ratio) {
  return static_cast<int64_t>(std::floor(static_cast<double>(grid.size()) * (1 - ratio) + 1e-6));
}

std::vector<int64_t> draw_visible(const UnitGrid& grid, MaskStrategy strategy, double ratio, Rng rng) {
  const int64_t num_visible = num_visible_units(grid, ratio);
  std::vector<int64_t> visible = strategy == MaskStrategy::kGrid    ? draw_grid(grid)
                                 : strategy == MaskStrategy::kBlock ? draw_block(grid, num_visible, rng)
                                                                    : draw_random(grid, num_visible, rng);
  std::sort(visible.begin(), visible.end());
  return visible;
}

std::vector<int64_t> hidden_beside(const std::vector<int64_t>& visible, const UnitGrid& grid) {
  const std::vector<int64_t> all = all_units(grid);
  std::vector<int64_t> hidden;
  std::set_difference(all.begin(), all.end(), visible.begin(), visible.end(), std::back_inserter(hidden));
  return hidden;
}

std::vector<int64_t> draw_blocks(const UnitGrid& grid, const BlockMask& mask, Rng rng) {
  std::vector<bool> hidden(static_cast<size_t>(grid.size()));
  for (int64_t remaining = mask.hidden; remaining > 0;) {
    const int64_t added =
        hide_block(grid, hidden, mask.smallest, std::min(remaining, mask.largest.value_or(remaining)), rng);
    if (added == 0) break;
    remaining -= added;
  }
  if (std::ranges::find(hidden, true) == hidden.end()) hidden[rng.below(hidden.size())] = true;
  return units_where(hidden, true);
}

}  // namespace glid
