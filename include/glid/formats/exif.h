// The one field of EXIF metadata that changes what a picture shows: its orientation.
#pragma once

#include <string_view>

#include "glid/formats/image.h"

namespace glid {

// The orientation (1 to 8) in a TIFF structure ("II*\0" or "MM\0*", its first directory), whatever type of number holds it,
// as Pillow takes it (ImageOps.exif_transpose); 1 where it is missing or the structure is damaged: cameras write much broken
// metadata around good pixels.
int exif_orientation(std::string_view tiff);

// Turns a picture stored with `orientation` upright: 2 mirrored, 3 by 180 degrees, 4 flipped, 5 transposed,
// 6 by 90 degrees clockwise, 7 transposed along the other diagonal, 8 by 90 degrees counter-clockwise.
Image upright(Image image, int orientation);

}  // namespace glid
