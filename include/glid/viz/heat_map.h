// Numbers as colours: depth and its errors, heat maps of joints.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "glid/formats/image.h"

namespace glid {

// `values` [height][width] from `low` (dark blue) over green to `high` (yellow), beyond them the ends; what is not finite is
// grey. Throws std::invalid_argument unless there are height x width values and low < high.
Image heat_map(std::span<const double> values, int64_t height, int64_t width, double low, double high);

// What a heat map's colours stand for.
struct ColorScale {
  double low = 0, high = 1;
  std::string unit;  // behind every number, e.g. m
};

// The picture with a bar of the colours at its right and numbers beside it, so many times as large as usual. Throws
// std::invalid_argument unless low < high.
Image with_color_bar(const Image& picture, const ColorScale& scale, double times = 1);

}  // namespace glid
