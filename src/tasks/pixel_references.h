// Predictions of hidden pixels that need no learning.
#pragma once

#include <ATen/core/Tensor.h>

#include "glid/nn/window_plan.h"

namespace glid {

// The hidden units of pictures of one grid: rows among [B * units], equally many of each picture, picture after picture.
struct HiddenCells {
  UnitGrid grid;
  at::Tensor rows;  // [B * N] int64
};

// The others' pixels, [B * K, 3 U^2] of units [B * units, U, U, 3].
at::Tensor seen_units(const at::Tensor& units, const HiddenCells& hidden);

// visible [B * K, 3 U^2], the visible units as targets -> like `target` [B, N, 3 U^2]: the mean colour of an image's
// visible units at every hidden pixel.
at::Tensor mean_colour(const at::Tensor& visible, const at::Tensor& target);

// units [B * units, U, U, 3] -> [B, N, 3 U^2]: every hidden pixel the mean of all visible pixels weighted by distance^-3.
at::Tensor interpolate_hidden(const at::Tensor& units, const HiddenCells& hidden);

// The same of units that are predicted by those before them in raster order, the cells [B, N] of each picture, from 1.
// units [B, all, 3 U^2] as targets -> [B, N, 3 U^2]: the mean colour of all units before.
at::Tensor colour_before(const at::Tensor& units, const at::Tensor& cells);
// units [B * all, U, U, 3] -> [B, N, 3 U^2]: every pixel the mean, weighted by distance^-3, of those of the units on its
// unit's left and above it, to the left and to the right too.
at::Tensor interpolate_before(const at::Tensor& units, const UnitGrid& grid, const at::Tensor& cells);

}  // namespace glid
