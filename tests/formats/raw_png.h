// PNG files put together by hand, of any colour type and depth.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

inline std::string big_endian(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

inline std::string chunk(const std::string& kind, const std::string& data) {
  const std::string body = kind + data;
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<uint32_t>(data.size())) + body + big_endian(static_cast<uint32_t>(crc));
}

inline std::string zlib_packed(const std::string& bytes) {
  uLongf size = ::compressBound(bytes.size());
  std::string out(size, '\0');
  ::compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  out.resize(size);
  return out;
}

// PNG's colour types.
enum PngColour : char { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

// `rows` are the stored bytes of each row.
inline std::string raw_png(uint32_t width, char bit_depth, PngColour colour, const std::vector<std::string>& rows) {
  std::string header = big_endian(width) + big_endian(static_cast<uint32_t>(rows.size())) + bit_depth;
  header += {static_cast<char>(colour), 0, 0, 0};
  std::string pixels;
  for (const std::string& row : rows) pixels += '\0' + row;
  const std::string palette = colour == kPalette ? chunk("PLTE", std::string(3 * 16, '\x77')) : "";
  return "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) + palette + chunk("IDAT", zlib_packed(pixels)) + chunk("IEND", "");
}

}  // namespace glid
