#include "plain_png.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <libdeflate.h>

#include "glid/formats/image.h"
#include "glid/formats/png.h"
#include "png_codec.h"

namespace glid {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kHeaderBytes = 13;
constexpr size_t kFrameBytes = 12;        // of a chunk: length, name, checksum
constexpr uint32_t kMaxSide = 1'000'000;  // libpng's

uint32_t big_endian(std::string_view four) {
  uint32_t value = 0;
  for (const char byte : four.substr(0, 4)) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

struct Chunk {
  std::string_view name, data;

  bool is_critical() const { return (name[0] & 0x20) == 0; }
};

// The next one, which `rest` loses; nothing where it is cut or its checksum is wrong.
std::optional<Chunk> take_chunk(std::string_view& rest) {
  if (rest.size() < kFrameBytes) return std::nullopt;
  const size_t length = big_endian(rest);
  if (length > rest.size() - kFrameBytes) return std::nullopt;
  const std::string_view summed = rest.substr(4, 4 + length);
  const uint32_t checksum = big_endian(rest.substr(8 + length));
  rest.remove_prefix(kFrameBytes + length);
  const Chunk chunk{summed.substr(0, 4), summed.substr(4)};
  const bool is_named = std::ranges::all_of(chunk.name, [](unsigned char c) { return std::isalpha(c); });
  if (!is_named || libdeflate_crc32(0, summed.data(), summed.size()) != checksum) return std::nullopt;
  return chunk;
}

// Bytes of a pixel; 0 for pixels that aren't plain.
size_t pixel_bytes(int bit_depth, int colour_type) {
  if (bit_depth == 16) return colour_type == PNG_COLOR_TYPE_GRAY ? 2 : 0;
  if (bit_depth != 8) return 0;
  if (colour_type == PNG_COLOR_TYPE_RGB) return 3;
  return colour_type == PNG_COLOR_TYPE_GRAY || colour_type == PNG_COLOR_TYPE_PALETTE ? 1 : 0;
}

bool is_palette(std::string_view data) { return !data.empty() && data.size() % 3 == 0 && data.size() <= 3 * 256; }

// Without pixels yet; nothing for what isn't plain or more than so few bytes can hold.
std::optional<PlainPng> read_header(const Chunk& chunk, size_t file_bytes) {
  if (chunk.name != "IHDR" || chunk.data.size() != kHeaderBytes) return std::nullopt;
  const uint32_t width = big_endian(chunk.data), height = big_endian(chunk.data.substr(4));
  const bool is_plain = chunk.data.ends_with(std::string_view("\0\0\0", 3));  // deflate, the five filters, not interlaced
  const int bit_depth = static_cast<uint8_t>(chunk.data[8]), colour_type = static_cast<uint8_t>(chunk.data[9]);
  const size_t row_bytes = width * pixel_bytes(bit_depth, colour_type);
  if (!is_plain || row_bytes == 0 || height == 0 || width > kMaxSide || height > kMaxSide) return std::nullopt;
  if (int64_t{height} * width > kMaxImagePixels || !png_fits_in(file_bytes, height, row_bytes)) return std::nullopt;
  return PlainPng{height, width, bit_depth, colour_type, row_bytes, nullptr};
}

// The packed pixels of all chunks, which must follow each other; nothing for a file that isn't plain and whole.
std::optional<std::string> packed_pixels(std::string_view rest, const PlainPng& png) {
  std::string packed;
  bool has_palette = false, has_pixels = false, is_over = false;
  while (const std::optional<Chunk> chunk = take_chunk(rest)) {
    if (chunk->name == "IEND") {
      if (has_palette || png.colour_type != PNG_COLOR_TYPE_PALETTE) return packed;
      return std::nullopt;
    }
    if (chunk->name == "IDAT") {
      if (is_over) return std::nullopt;
      packed += chunk->data;
      has_pixels = true;
      continue;
    }
    is_over = has_pixels;
    if (chunk->name == "PLTE" && !is_over && !has_palette && is_palette(chunk->data)) has_palette = true;
    else if (chunk->is_critical() || chunk->name == "eXIf") return std::nullopt;
  }
  return std::nullopt;
}

// Of a stream whose window is smaller than its content zlib refuses matches that reach beyond it, libdeflate takes them.
bool has_whole_window(const std::string& packed, size_t bytes) {
  constexpr int kLargest = 15;
  const int bits = packed.empty() ? 0 : 8 + (static_cast<uint8_t>(packed[0]) >> 4);
  return bits >= kLargest || bytes <= size_t{1} << bits;
}

bool unpack(const std::string& packed, uint8_t* to, size_t bytes) {
  if (!has_whole_window(packed, bytes)) return false;
  const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)> decompressor(
      libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  return decompressor && libdeflate_zlib_decompress(decompressor.get(), packed.data(), packed.size(), to, bytes, nullptr) ==
                             LIBDEFLATE_SUCCESS;
}

// The filters of the PNG specification, section 9: what a row's bytes were predicted from is added to them again, of the
// pixel to the left, the one above and the one left of that; 0 beyond the picture.

int average(int left, int above, int /*corner*/) { return (left + above) / 2; }

int paeth(int left, int above, int corner) {
  const int from_left = std::abs(above - corner), from_above = std::abs(left - corner);
  const int from_corner = std::abs(left + above - 2 * corner);
  if (from_left <= from_above && from_left <= from_corner) return left;
  return from_above <= from_corner ? above : corner;
}

void undo_up(uint8_t* row, const uint8_t* above, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) row[i] = static_cast<uint8_t>(row[i] + above[i]);
}

template <size_t kPixelBytes, typename Predict>
void undo(uint8_t* row, const uint8_t* above, size_t bytes, Predict predict) {
  int left[kPixelBytes] = {}, corner[kPixelBytes] = {};
  for (size_t i = 0; i < bytes; i += kPixelBytes) {
    for (size_t c = 0; c < kPixelBytes; ++c) {
      const int up = above[i + c];
      left[c] = row[i + c] = static_cast<uint8_t>(row[i + c] + predict(left[c], up, corner[c]));
      corner[c] = up;
    }
  }
}

// False for a filter that there is not.
template <size_t kPixelBytes>
bool undo_filter(int filter, uint8_t* row, const uint8_t* above, size_t bytes) {
  switch (filter) {
    case PNG_FILTER_VALUE_NONE: return true;
    case PNG_FILTER_VALUE_SUB: undo<kPixelBytes>(row, above, bytes, [](int left, int, int) { return left; }); return true;
    case PNG_FILTER_VALUE_UP: undo_up(row, above, bytes); return true;
    case PNG_FILTER_VALUE_AVG: undo<kPixelBytes>(row, above, bytes, average); return true;
    case PNG_FILTER_VALUE_PAETH: undo<kPixelBytes>(row, above, bytes, paeth); return true;
    default: return false;
  }
}

template <size_t kPixelBytes>
bool undo_filters(PlainPng& png) {
  const std::vector<uint8_t> nothing(png.row_bytes);
  const uint8_t* above = nothing.data();
  for (int64_t y = 0; y < png.height; ++y) {
    uint8_t* row = png.filtered.get() + static_cast<size_t>(y) * (png.row_bytes + 1) + 1;
    if (!undo_filter<kPixelBytes>(row[-1], row, above, png.row_bytes)) return false;
    above = row;
  }
  return true;
}

bool undo_filters(PlainPng& png) {
  switch (pixel_bytes(png.bit_depth, png.colour_type)) {
    case 1: return undo_filters<1>(png);
    case 2: return undo_filters<2>(png);
    default: return undo_filters<3>(png);
  }
}

}  // namespace

std::optional<PlainPng> read_plain_png(std::string_view bytes) {
  if (!is_png(bytes)) return std::nullopt;
  std::string_view rest = bytes.substr(kSignatureBytes);
  const std::optional<Chunk> first = take_chunk(rest);
  std::optional<PlainPng> png = first ? read_header(*first, bytes.size()) : std::nullopt;
  const std::optional<std::string> packed = png ? packed_pixels(rest, *png) : std::nullopt;
  if (!packed) return std::nullopt;
  const size_t size = static_cast<size_t>(png->height) * (png->row_bytes + 1);
  png->filtered = std::make_unique_for_overwrite<uint8_t[]>(size);
  if (!unpack(*packed, png->filtered.get(), size) || !undo_filters(*png)) return std::nullopt;
  return png;
}

}  // namespace glid
