// Lines and letters that look the same on pictures of all sizes.
#pragma once

#include "glid/formats/image.h"

namespace glid {

// How much thicker lines and larger letters are than on a picture of 640 x 480: by the root of the area, 1 for smaller ones.
double drawing_scale(const Image& image);

}  // namespace glid
