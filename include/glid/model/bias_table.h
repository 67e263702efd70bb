// Relative position bias tables of another window size.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

#include "glid/config/value.h"

namespace glid {

// bicubic: an image of the table is resized (microsoft/Swin-Transformer, utils.py; timm's resize_rel_pos_bias_table_simple).
// geometric: its entries are placed at growing distances, as far as the new table reaches, and interpolated by a cubic
// spline (SimMIM, utils.py; BEiT; timm's resize_rel_pos_bias_table).
enum class BiasResize { kBicubic, kGeometric };
constexpr auto enum_names(BiasResize) {
  return std::to_array<config::Named<BiasResize>>(
      {{BiasResize::kBicubic, "bicubic"}, {BiasResize::kGeometric, "geometric"}});
}

// The window w of a table of (2w - 1)^2 rows; 0 when there is none.
int64_t window_of_table(int64_t rows);

inline constexpr int64_t kSmallestGeometricWindow = 3;  // a spline wants more than 3 entries

// The rows behind a table of a window that are a class token's, as BEiT has them: to patches, from patches, to itself. 0
// or 3.
int64_t class_rows_of_table(int64_t rows);

// [(2v - 1)^2, heads] -> [(2w - 1)^2, heads] for the window w, in fp32; rows of a class token stay behind them. Geometric
// wants v of at least the smallest.
at::Tensor resize_bias_table(const at::Tensor& table, int64_t window, BiasResize how);

}  // namespace glid
