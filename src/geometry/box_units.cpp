#include "glid/geometry/box_units.h"

#include <algorithm>

#include "glid/core/format.h"

namespace glid {
namespace {

constexpr double kTolerancePx = 1;  // annotators' rounding

}  // namespace

void BoxUnits::add(const BoxXywh& box, int64_t image_height, int64_t image_width) {
  ++total_;
  in_first_pixel_ += std::max({box.x, box.y, box.width, box.height}) <= 1 && box.width > 0 && box.height > 0;
  if (image_height <= 0 || image_width <= 0) return;
  ++sized_;
  const double right = static_cast<double>(image_width) + kTolerancePx;
  const double bottom = static_cast<double>(image_height) + kTolerancePx;
  fit_as_corners_ += box.x >= -kTolerancePx && box.y >= -kTolerancePx && box.width > box.x && box.height > box.y &&
                     box.width <= right && box.height <= bottom;
  leave_image_ += box.x + box.width > right || box.y + box.height > bottom;
}

void BoxUnits::merge(const BoxUnits& other) {
  total_ += other.total_;
  in_first_pixel_ += other.in_first_pixel_;
  sized_ += other.sized_;
  fit_as_corners_ += other.fit_as_corners_;
  leave_image_ += other.leave_image_;
}

std::string BoxUnits::suspicion() const {
  if (total_ > 0 && 2 * in_first_pixel_ > total_)
    return format("{} of {} boxes lie within the first pixel: pixels are asked for, not fractions of the image",
                  in_first_pixel_, total_);
  // Of corners every single one has x1 > x0 and y1 > y0, and those of the right and lower halves leave their images as
  // widths.
  if (sized_ > 0 && fit_as_corners_ == sized_ && 3 * leave_image_ >= sized_)
    return format("{} of {} boxes leave their image, but all fit it as [x0, y0, x1, y1]: [x, y, width, height] is asked for",
                  leave_image_, sized_);
  return "";
}

}  // namespace glid
