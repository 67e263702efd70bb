// Whether the boxes of a file, taken together, are what the file should hold: [x, y, width, height] in pixels.
#pragma once

#include <cstdint>
#include <string>

#include "glid/geometry/box.h"

namespace glid {

class BoxUnits {
 public:
  // A box as the file has it; the size of its image is 0 x 0 where nobody knows it.
  void add(const BoxXywh& box, int64_t image_height, int64_t image_width);
  void merge(const BoxUnits& other);

  // Why they are probably something else: "12 of 12 lie within the first pixel: ...", or "12 of 12 fit as ...". Empty where
  // nothing speaks for it.
  std::string suspicion() const;

 private:
  int64_t total_ = 0;
  int64_t in_first_pixel_ = 0;  // as boxes in fractions of their images do
  int64_t sized_ = 0;           // in images of known size, of which:
  int64_t fit_as_corners_ = 0;
  int64_t leave_image_ = 0;
};

}  // namespace glid
