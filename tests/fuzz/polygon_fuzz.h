// Input: height, width, form (a byte each), then coordinates: of two bytes, in tenths of a pixel, or of eight as they are.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/geometry/polygon.h"

namespace glid {

template <typename Stored>
std::vector<double> read_coordinates(std::string_view bytes, double scale) {
  std::vector<double> xy;
  for (; bytes.size() >= sizeof(Stored); bytes.remove_prefix(sizeof(Stored))) {
    Stored value;
    std::memcpy(&value, bytes.data(), sizeof value);
    xy.push_back(static_cast<double>(value) / scale);
  }
  return xy;
}

inline void fuzz_polygon(std::string_view bytes) {
  if (bytes.size() < 3) return;
  const int64_t height = static_cast<uint8_t>(bytes[0]), width = static_cast<uint8_t>(bytes[1]);
  const bool is_short = bytes[2] % 2 == 0;
  bytes.remove_prefix(3);
  const auto xy = is_short ? read_coordinates<int16_t>(bytes, 10) : read_coordinates<double>(bytes, 1);
  try {
    const Rle rle = rle_from_polygon(xy, height, width);
    expect_law(rle_from_mask(mask_from_rle(rle), height, width) == rle, "a polygon's runs are the fewest");
    std::vector<double> reversed;
    for (size_t i = xy.size(); i > 0; i -= 2) reversed.insert(reversed.end(), {xy[i - 2], xy[i - 1]});
    expect_law(rle_from_polygon(reversed, height, width) == rle, "the direction doesn't matter");
    if (xy.size() >= 8) rle_from_box({xy[0], xy[1], xy[2], xy[3]}, height, width);
  } catch (const DataError&) {}
}

}  // namespace glid
