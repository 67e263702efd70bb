#include "glid/formats/png.h"

#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include <png.h>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/exif.h"

namespace glid {
namespace {

// libpng's errors end in a longjmp. The functions that setjmp hold no C++ objects; their callers throw.
class Decoder {
 public:
  explicit Decoder(std::string_view bytes)
      : rest_(bytes), png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)) {
    if (png_) info_ = png_create_info_struct(png_);
    if (!info_) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~Decoder() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  int64_t height() const { return png_get_image_height(png_, info_); }
  int64_t width() const { return png_get_image_width(png_, info_); }
  const char* message() const { return message_; }

  // These return false after an error. Between the first two a caller chooses what the pixels become.
  bool read_header() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_read_fn(png_, this, on_read);
    png_read_info(png_, info_);
    return true;
  }

  bool convert_to_rgb8() {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_expand(png_);  // palettes to colours, 1, 2 and 4 bits to 8, transparent colours to an alpha channel
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  bool read_pixels(uint8_t** rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_image(png_, rows);
    png_read_end(png_, info_);
    return true;
  }

  int orientation() const {
    png_uint_32 bytes = 0;
    png_bytep tiff = nullptr;
    if (!png_get_eXIf_1(png_, info_, &bytes, &tiff)) return 1;
    return exif_orientation({reinterpret_cast<const char*>(tiff), bytes});
  }

 private:
  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    auto* self = static_cast<Decoder*>(png_get_error_ptr(png));
    std::snprintf(self->message_, sizeof self->message_, "%s", text);
    png_longjmp(png, 1);
  }

  static void on_warning(png_structp, png_const_charp) {}

  static void on_read(png_structp png, png_bytep to, size_t bytes) {
    auto* self = static_cast<Decoder*>(png_get_io_ptr(png));
    if (bytes > self->rest_.size()) png_error(png, "premature end of file");
    std::memcpy(to, self->rest_.data(), bytes);
    self->rest_.remove_prefix(bytes);
  }

  std::string_view rest_;
  char message_[128] = "";
  png_structp png_;
  png_infop info_ = nullptr;
};

}  // namespace

bool is_png(std::string_view bytes) { return bytes.starts_with("\x89PNG\r\n\x1A\n"); }

Image decode_png(std::string_view bytes, const std::string& where) {
  Decoder decoder(bytes);
  const auto check = [&](bool ok) {
    if (!ok) throw DataError(where, "is a damaged or truncated PNG", decoder.message());
  };
  check(decoder.read_header());
  if (decoder.height() * decoder.width() > kMaxImagePixels)
    throw DataError(where, "has too many pixels", format("{} x {}", decoder.height(), decoder.width()));
  check(decoder.convert_to_rgb8());
  Image image = Image::filled(decoder.height(), decoder.width(), 0);
  std::vector<uint8_t*> rows;
  for (int64_t y = 0; y < image.height; ++y) rows.push_back(image.row(y));
  check(decoder.read_pixels(rows.data()));
  return upright(std::move(image), decoder.orientation());
}

std::string encode_png(const Image& image) {
  png_image info{};
  info.version = PNG_IMAGE_VERSION;
  info.width = static_cast<png_uint_32>(image.width);
  info.height = static_cast<png_uint_32>(image.height);
  info.format = PNG_FORMAT_RGB;
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(info);
  std::string out(bytes, '\0');
  if (!png_image_write_to_memory(&info, out.data(), &bytes, 0, image.pixels.data(), 0, nullptr))
    throw std::invalid_argument(format("encode_png: {}", info.message));
  out.resize(bytes);
  return out;
}

}  // namespace glid
