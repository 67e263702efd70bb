// Antialiased separable resampling with Pillow's fixed-point arithmetic: equal to Image.resize(size, filter, box) of
// Pillow 13 value for value (scripts/parity/check_resize.py); older versions differ by rounding where the height shrinks
// far more than the width.
#pragma once

#include <cstdint>

#include "glid/formats/image.h"
#include "glid/geometry/box.h"

namespace glid {

enum class Filter {
  kBilinear,  // triangle, support 1 source pixel (times the scale when shrinking)
  kBicubic,   // Keys' cubic with a = -0.5, support 2
};

// `source` (rounded to single precision, as Pillow does) of `image` at height x width. Filters at the box's edges see the
// pixels outside the box. Throws std::invalid_argument when a size is not positive or the box is empty or leaves the image.
Image resize(const Image& image, int64_t height, int64_t width, Filter filter, const Box& source);

// The whole image.
Image resize(const Image& image, int64_t height, int64_t width, Filter filter);

// The whole image with sides `factor` times as long, at least 1 px: bilinear, for people to look at.
Image scaled(const Image& image, double factor);

}  // namespace glid
