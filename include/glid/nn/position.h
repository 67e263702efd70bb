// Fixed position vectors of a grid's cells, for decoder keys and queries.
#pragma once

#include <ATen/core/Tensor.h>

namespace glid {

enum class PositionKind {
  // Cell centres u = (i + .5) / size; per axis C/4 sines and C/4 cosines of 2 pi f u, f geometric from 0.5 to 6 cycles
  // an image. A place has the same vector at every stride. Layout: y sines, y cosines, x sines, x cosines.
  kFourier,
  // Mask2Former's: (i + 1) / (size + 1e-6) * 2 pi over 1e4^(2 floor(j / 2) / (C / 2)), sine on even and cosine on odd j;
  // C/2 for y, then C/2 for x (facebookresearch/Mask2Former, position_encoding.py).
  kSine,
  // MAE's: i over 1e4^(j / (C / 4)), C/4 sines and C/4 cosines an axis, x before y, whatever the valid size
  // (facebookresearch/mae, util/pos_embed.py).
  kMae,
};

// A grid of cells of which an image covers the first `valid` ones on each axis: `size` above is the valid one.
struct GridExtent {
  int64_t height = 0, width = 0;  // cells
  double valid_height = 0, valid_width = 0;
};

// cells [..] int64, row-major in the grid -> [.., channels] fp32 on their device; channels divisible by 4.
at::Tensor position_vectors(PositionKind kind, const at::Tensor& cells, const GridExtent& extent, int64_t channels);

}  // namespace glid
