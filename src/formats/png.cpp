#include "glid/formats/png.h"

#include <utility>

#include "glid/formats/exif.h"
#include "png_codec.h"

namespace glid {

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1A\n"); }

Image decode_png(std::string_view bytes, const std::string& where) {
  PngDecoder decoder(bytes, where);
  decoder.read_header();
  decoder.convert_to_rgb8();
  Image image = Image::filled(decoder.height(), decoder.width(), 0);
  decoder.read_pixels(image.pixels.data(), static_cast<size_t>(image.width * 3));
  return upright(std::move(image), decoder.orientation());
}

std::string encode_png(const Image& image) {
  return encode_png_pixels({image.height, image.width, 8, PNG_COLOR_TYPE_RGB, image.pixels.data()});
}

}  // namespace glid
