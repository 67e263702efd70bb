// Affine maps of the plane, in double: how a picture lies in another one.
#pragma once

#include "glid/geometry/box.h"

namespace glid {

// In pixels: pixel (row 0, column 0) covers [0, 1) x [0, 1).
struct PointXy {
  double x = 0, y = 0;
  bool operator==(const PointXy&) const = default;
};

// (x, y) goes to (xx x + xy y + x0, yx x + yy y + y0); the identity as it stands.
struct Affine {
  double xx = 1, xy = 0, x0 = 0;
  double yx = 0, yy = 1, y0 = 0;

  static Affine translation(double x, double y) { return {1, 0, x, 0, 1, y}; }
  static Affine scaling(double x, double y) { return {x, 0, 0, 0, y, 0}; }
  // Turns x towards y (in a picture: clockwise) and leaves `centre` where it is.
  static Affine rotation(double degrees, const PointXy& centre);

  // By how much areas grow; negative where the map mirrors.
  double determinant() const { return xx * yy - xy * yx; }
  // Throws std::invalid_argument when the map has none (determinant 0 or not finite).
  Affine inverse() const;
  bool operator==(const Affine&) const = default;
};

PointXy apply(const Affine& map, const PointXy& point);
// The smallest box around the four corners.
Box apply(const Affine& map, const Box& box);

// `first`, and `second` after it.
Affine then(const Affine& first, const Affine& second);

}  // namespace glid
