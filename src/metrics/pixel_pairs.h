// How often each pair of ids meets in two maps of ids.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glid {

struct PixelPair {
  uint32_t truth = 0;
  uint32_t predicted = 0;
  int64_t num_pixels = 0;
};

// The pairs that occur, ascending by truth, then predicted. Both maps have the same number of pixels. Memory is in
// proportion to the pairs, whatever the ids.
std::vector<PixelPair> count_pixel_pairs(std::span<const uint32_t> truth, std::span<const uint32_t> predicted);

}  // namespace glid
