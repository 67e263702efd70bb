// Numbers as colours: depth and its errors, confusion matrices.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "glid/formats/image.h"

namespace glid {

// `values` [height][width] from `low` (dark blue) over green to `high` (yellow), beyond them the ends; what is not finite is
// grey. Throws std::invalid_argument unless there are height x width values and low < high.
Image heat_map(std::span<const double> values, int64_t height, int64_t width, double low, double high);

// A square matrix of shares, 0 to 1, as cells of at least one pixel with its title above; rows are truths, columns
// predictions. Rows without a share are grey where NaN. Throws std::invalid_argument unless there are size x size values.
Image draw_matrix(std::span<const double> shares, int64_t size, const std::string& title);

}  // namespace glid
