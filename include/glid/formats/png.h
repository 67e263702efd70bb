// PNG: plain files through libdeflate, all others through libpng.
#pragma once

#include <string>
#include <string_view>

#include "glid/formats/image.h"

namespace glid {

bool is_png(std::string_view bytes);

// Every colour type and depth to 8-bit RGB: the high byte of 16 bits, alpha and transparent colours dropped without
// blending, no gamma; an orientation in an eXIf chunk is applied. Throws DataError naming `where` when the file is
// truncated or a checksum is wrong.
Image decode_png(std::string_view bytes, const std::string& where);

// A complete 8-bit RGB file.
std::string encode_png(const Image& image);

}  // namespace glid
