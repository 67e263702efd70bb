// Reading only that part of an image that somebody looks at.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "glid/formats/image.h"
#include "glid/geometry/box.h"

namespace glid {

// Which part of an image is needed, once its size is known: pixels of the upright image of height x width.
using PartOfImage = std::function<Box(int64_t height, int64_t width)>;

// As read_image(), of the same size, with the same pixels in the part; the others may be anything. Of a JPEG that stands
// upright, rows behind the part aren't decoded: that it is cut there is noticed, other damage is not. All other files are
// read whole.
Image read_image_part(const std::filesystem::path& file, const PartOfImage& part);

// The same for bytes in memory; `where` names them in errors. No part: all of it.
Image decode_image_part(std::string_view bytes, const std::string& where, const PartOfImage& part);
// .. of a JPEG.
Image decode_jpeg_part(std::string_view bytes, const std::string& where, const PartOfImage& part);

}  // namespace glid
