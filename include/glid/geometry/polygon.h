// Polygons to masks by the rule of pycocotools' maskApi.c rleFrPoly (vertices at five times the resolution, boundaries
// walked in whole steps): an even-odd fill gives other pixels.
#pragma once

#include <span>

#include "glid/geometry/rle.h"

namespace glid {

// Beyond this many pixels from the origin on either axis the reference's 32-bit steps overflow.
constexpr double kMaxPolygonCoordinate = 1 << 28;

// `xy` = x0, y0, x1, y1, ... in pixels, at least three points, finite and within kMaxPolygonCoordinate. Throws DataError
// (where: empty) otherwise. The cost grows with the columns
// that the edges cross inside the image, not with the length of the edges.
Rle rle_from_polygon(std::span<const double> xy, int64_t height, int64_t width);

// The box as a polygon of four corners.
Rle rle_from_box(const BoxXywh& box, int64_t height, int64_t width);

}  // namespace glid
