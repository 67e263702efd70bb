// Polygons to masks by the rule of pycocotools' maskApi.c rleFrPoly (vertices at five times the resolution, boundaries walked in
// whole steps): an even-odd fill gives other pixels.
#pragma once

#include <span>

#include "glid/geometry/rle.h"

namespace glid {

// `xy` = x0, y0, x1, y1, ... in pixels, at least three points, finite. Throws DataError (where: empty) otherwise.
Rle rle_from_polygon(std::span<const double> xy, int64_t height, int64_t width);

// The box as a polygon of four corners.
Rle rle_from_box(const BoxXywh& box, int64_t height, int64_t width);

}  // namespace glid
