// Learned positions of a square grid of patches, one behind another row by row, those of a class token before them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace glid {

// The side of the grid of a table with so many rows, with or without a class token's; 0 when there is none.
int64_t grid_of_positions(int64_t rows);

// [1, (1 +) g^2, C] -> [1, (1 +) height * width, C]: an image of the table is resized bicubically (facebookresearch/mae,
// util/pos_embed.py); the class token's stay.
at::Tensor resize_positions(const at::Tensor& positions, int64_t height, int64_t width);

}  // namespace glid
