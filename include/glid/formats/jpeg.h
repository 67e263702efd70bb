// JPEG through libjpeg-turbo's libjpeg API, with Pillow's settings (slow integer DCT, fancy upsampling): the same pixels.
#pragma once

#include <string>
#include <string_view>

#include "glid/formats/image.h"

namespace glid {

bool is_jpeg(std::string_view bytes);

// Grey, YCbCr, RGB, CMYK and YCCK to RGB, EXIF orientation applied. Four components are taken as stored inverted, as Adobe
// and Pillow do. Throws DataError naming `where`; what libjpeg only warns of is an error too when pixels are missing or
// wrong (a premature end, a bad Huffman code, a lost restart marker), and ignored when not (bytes between the markers).
Image decode_jpeg(std::string_view bytes, const std::string& where);

// Baseline, YCbCr 4:2:0. `quality` 1 to 100.
std::string encode_jpeg(const Image& image, int quality);

}  // namespace glid
