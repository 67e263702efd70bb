#include "glid/geometry/affine.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "glid/core/format.h"

namespace glid {

Affine Affine::rotation(double degrees, const PointXy& centre) {
  const double angle = degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  return {c, -s, centre.x - c * centre.x + s * centre.y, s, c, centre.y - s * centre.x - c * centre.y};
}

Affine Affine::inverse() const {
  const double d = determinant();
  if (!std::isfinite(1 / d)) throw std::invalid_argument(format("Affine: determinant {}", d));
  return {yy / d, -xy / d, (xy * y0 - yy * x0) / d, -yx / d, xx / d, (yx * x0 - xx * y0) / d};
}

PointXy apply(const Affine& map, const PointXy& point) {
  return {map.xx * point.x + map.xy * point.y + map.x0, map.yx * point.x + map.yy * point.y + map.y0};
}

Box apply(const Affine& map, const Box& box) {
  const auto corner = [&](double x, double y) { return apply(map, PointXy{x, y}); };
  const PointXy a = corner(box.x0, box.y0), b = corner(box.x1, box.y0);
  const PointXy c = corner(box.x0, box.y1), d = corner(box.x1, box.y1);
  const auto [x0, x1] = std::minmax({a.x, b.x, c.x, d.x});
  const auto [y0, y1] = std::minmax({a.y, b.y, c.y, d.y});
  return {x0, y0, x1, y1};
}

Affine then(const Affine& first, const Affine& second) {
  const Affine &a = first, &b = second;
  const PointXy origin = apply(b, PointXy{a.x0, a.y0});
  return {b.xx * a.xx + b.xy * a.yx, b.xx * a.xy + b.xy * a.yy, origin.x,
          b.yx * a.xx + b.yy * a.yx, b.yx * a.xy + b.yy * a.yy, origin.y};
}

}  // namespace glid
