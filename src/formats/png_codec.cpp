#include "png_codec.h"

#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <utility>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/exif.h"
#include "glid/formats/image.h"

namespace glid {
namespace {

static_assert(std::endian::native == std::endian::little, "png_set_swap below makes 16 bits little-endian");

// Chunks that nobody asks for, and whose length libpng believes: a damaged one would make it clear gigabytes.
constexpr png_byte kSkippedChunks[] = "iCCP\0iTXt\0pCAL\0sCAL\0sPLT\0tEXt\0zTXt";
constexpr int kNumSkippedChunks = sizeof kSkippedChunks / 5;

std::vector<uint8_t*> row_pointers(uint8_t* pixels, size_t stride, int64_t height) {
  std::vector<uint8_t*> rows(static_cast<size_t>(height));
  for (size_t y = 0; y < rows.size(); ++y) rows[y] = pixels + y * stride;
  return rows;
}

// What on_write and on_write_error know.
struct Output {
  std::string bytes;
  char message[128] = "";
};

[[noreturn]] void on_write_error(png_structp png, png_const_charp text) {
  auto* output = static_cast<Output*>(png_get_error_ptr(png));
  std::snprintf(output->message, sizeof output->message, "%s", text);
  png_longjmp(png, 1);
}

void on_write(png_structp png, png_bytep data, size_t bytes) {
  static_cast<Output*>(png_get_io_ptr(png))->bytes.append(reinterpret_cast<const char*>(data), bytes);
}

void on_flush(png_structp) {}

// False after an error. As in the decoder, the function that setjmps holds no C++ objects.
bool write_png(png_structp png, png_infop info, const PngPixels& pixels, uint8_t** rows) {
  if (setjmp(png_jmpbuf(png))) return false;
  png_set_IHDR(png, info, static_cast<png_uint_32>(pixels.width), static_cast<png_uint_32>(pixels.height), pixels.bit_depth,
               pixels.colour_type, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (pixels.bit_depth == 16) png_set_swap(png);
  png_write_image(png, rows);
  png_write_end(png, info);
  return true;
}

size_t row_bytes(const PngPixels& pixels) {
  const size_t channels = pixels.colour_type == PNG_COLOR_TYPE_RGB ? 3 : 1;
  return static_cast<size_t>(pixels.width) * channels * static_cast<size_t>(pixels.bit_depth) / 8;
}

}  // namespace

bool png_fits_in(uint64_t file_bytes, uint64_t rows, uint64_t row_bytes) {
  constexpr uint64_t kMaxDeflateRatio = 1032;  // deflate packs at most so many bytes into one
  return rows * (row_bytes + 1) <= file_bytes * kMaxDeflateRatio;
}

PngDecoder::PngDecoder(std::string_view bytes, std::string where)
    : rest_(bytes),
      where_(std::move(where)),
      png_(png_create_read_struct(PNG_LIBPNG_VER_STRING, this, on_error, on_warning)) {
  if (png_) info_ = png_create_info_struct(png_);
  if (!info_) {
    png_destroy_read_struct(&png_, nullptr, nullptr);
    throw std::bad_alloc();
  }
}

PngDecoder::~PngDecoder() { png_destroy_read_struct(&png_, &info_, nullptr); }

// libpng's errors end in a longjmp to here. The steps hold no C++ objects.
template <typename Step>
void PngDecoder::attempt(Step step) {
  if (setjmp(png_jmpbuf(png_))) throw DataError(where_, "is a damaged or truncated PNG", message_);
  step();
}

void PngDecoder::read_header() {
  const uint64_t file_bytes = rest_.size();
  attempt([this] {
    png_set_read_fn(png_, this, on_read);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kSkippedChunks, kNumSkippedChunks);
    png_read_info(png_, info_);
  });
  const std::string size = format("{} x {}", height(), width());
  if (height() * width() > kMaxImagePixels) throw DataError(where_, "has too many pixels", size);
  if (!png_fits_in(file_bytes, static_cast<uint64_t>(height()), png_get_rowbytes(png_, info_)))
    throw DataError(where_, "is a damaged or truncated PNG", format("{} pixels in {} bytes", size, file_bytes));
}

int PngDecoder::orientation() const {
  png_uint_32 bytes = 0;
  png_bytep tiff = nullptr;
  if (!png_get_eXIf_1(png_, info_, &bytes, &tiff)) return 1;
  return exif_orientation({reinterpret_cast<const char*>(tiff), bytes});
}

void PngDecoder::convert_to_rgb8() {
  attempt([this] {
    png_set_expand(png_);  // palettes to colours, 1, 2 and 4 bits to 8, transparent colours to an alpha channel
    png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    png_set_gray_to_rgb(png_);
  });
}

void PngDecoder::convert_to_samples() {
  attempt([this] {
    png_set_packing(png_);
    png_set_swap(png_);
  });
}

void PngDecoder::convert_to_rgbx() {
  attempt([this] { png_set_filler(png_, 0, PNG_FILLER_AFTER); });
}

void PngDecoder::read_pixels(uint8_t* pixels, size_t stride) {
  std::vector<uint8_t*> rows = row_pointers(pixels, stride, height());
  attempt([this, first = rows.data()] {
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    png_read_image(png_, first);
    png_read_end(png_, info_);
  });
}

void PngDecoder::on_error(png_structp png, png_const_charp text) {
  auto* self = static_cast<PngDecoder*>(png_get_error_ptr(png));
  std::snprintf(self->message_, sizeof self->message_, "%s", text);
  png_longjmp(png, 1);
}

void PngDecoder::on_read(png_structp png, png_bytep to, size_t bytes) {
  auto* self = static_cast<PngDecoder*>(png_get_io_ptr(png));
  if (bytes > self->rest_.size()) png_error(png, "premature end of file");
  std::memcpy(to, self->rest_.data(), bytes);
  self->rest_.remove_prefix(bytes);
}

std::string encode_png_pixels(const PngPixels& pixels) {
  Output output;
  png_structp png =
      png_create_write_struct(PNG_LIBPNG_VER_STRING, &output, on_write_error, [](png_structp, png_const_charp) {});
  png_infop info = png ? png_create_info_struct(png) : nullptr;
  if (!info) {
    png_destroy_write_struct(&png, nullptr);
    throw std::bad_alloc();
  }
  png_set_write_fn(png, &output, on_write, on_flush);
  auto* data = static_cast<uint8_t*>(const_cast<void*>(pixels.data));
  std::vector<uint8_t*> rows = row_pointers(data, row_bytes(pixels), pixels.height);
  const bool ok = write_png(png, info, pixels, rows.data());
  png_destroy_write_struct(&png, &info);
  if (!ok) throw std::invalid_argument(format("encode_png: {}", output.message));
  return std::move(output.bytes);
}

}  // namespace glid
