#include "glid/model/position_table.h"

#include <ATen/ATen.h>

#include <cmath>

namespace glid {

int64_t grid_of_positions(int64_t rows) {
  const auto side = static_cast<int64_t>(std::sqrt(static_cast<double>(rows)));
  return rows - side * side <= 1 ? side : 0;
}

at::Tensor resize_positions(const at::Tensor& positions, int64_t height, int64_t width) {
  const int64_t side = grid_of_positions(positions.size(1)), beside = positions.size(1) - side * side;
  if (height == side && width == side) return positions;
  const at::Tensor image = positions.slice(1, beside).view({1, side, side, -1}).permute({0, 3, 1, 2});
  const at::Tensor resized = at::upsample_bicubic2d(image, {height, width}, /*align_corners=*/false);
  return at::cat({positions.narrow(1, 0, beside), resized.flatten(2).transpose(1, 2)}, 1);
}

}  // namespace glid
