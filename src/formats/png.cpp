#include "glid/formats/png.h"

#include <algorithm>
#include <utility>

#include "glid/formats/exif.h"
#include "plain_png.h"
#include "png_codec.h"

namespace glid {
namespace {

Image image_of(const PlainPng& png) {
  Image image = Image::filled(png.height, png.width, 0);
  for (int64_t y = 0; y < png.height; ++y) std::copy_n(png.row(y), png.row_bytes, image.row(y));
  return image;
}

}  // namespace

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1A\n"); }

Image decode_png(std::string_view bytes, const std::string& where) {
  if (const auto plain = read_plain_png(bytes); plain && plain->colour_type == PNG_COLOR_TYPE_RGB) return image_of(*plain);
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
