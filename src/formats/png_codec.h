// libpng for this folder's readers and writers of images, labels and depths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <png.h>

namespace glid {

// Reads one file in memory: read_header(), then what the pixels shall become, then read_pixels(). Throws DataError naming
// `where` when the file is truncated or damaged.
class PngDecoder {
 public:
  PngDecoder(std::string_view bytes, std::string where);
  ~PngDecoder();
  PngDecoder(const PngDecoder&) = delete;
  PngDecoder& operator=(const PngDecoder&) = delete;

  // Refuses more than kMaxImagePixels, and more pixels than so few bytes can hold.
  void read_header();
  int64_t height() const { return png_get_image_height(png_, info_); }
  int64_t width() const { return png_get_image_width(png_, info_); }
  int bit_depth() const { return png_get_bit_depth(png_, info_); }
  // PNG_COLOR_TYPE_...
  int colour_type() const { return png_get_color_type(png_, info_); }
  int orientation() const;

  // Any kind of pixel to R, G, B of 8 bits.
  void convert_to_rgb8();
  // The stored numbers of grey and palette pixels: bytes for up to 8 bits, else 16 bits in the machine's order.
  void convert_to_samples();
  // RGB of 8 bits with a fourth byte, which is 0 unless the file has an alpha channel.
  void convert_to_rgbx();

  // The first row lies at `pixels`, the next ones every `stride` bytes.
  void read_pixels(uint8_t* pixels, size_t stride);

 private:
  [[noreturn]] static void on_error(png_structp png, png_const_charp text);
  static void on_warning(png_structp, png_const_charp) {}
  static void on_read(png_structp png, png_bytep to, size_t bytes);

  template <typename Step>
  void attempt(Step step);

  std::string_view rest_;
  std::string where_;
  char message_[128] = "";
  png_structp png_;
  png_infop info_ = nullptr;
};

// Whether a file of so many bytes can hold the pixels.
bool png_fits_in(uint64_t file_bytes, uint64_t rows, uint64_t row_bytes);

struct PngPixels {
  int64_t height = 0, width = 0;
  int bit_depth = 8;
  int colour_type = PNG_COLOR_TYPE_RGB;
  const void* data = nullptr;  // rows without gaps, 16 bits in the machine's order
};

// A complete file. Throws std::invalid_argument when libpng refuses the size.
std::string encode_png_pixels(const PngPixels& pixels);

}  // namespace glid
