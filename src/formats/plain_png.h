// Plain PNGs in one go. libpng unpacks pixels with zlib, a row at a time; libdeflate unpacks a whole stream many times as
// fast and has no PNG reader: the few steps around it stand here. What is not plain, damaged or unusual is libpng's to read
// or to refuse: nothing that this file accepts would be read otherwise there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace glid {

struct PlainPng {
  int64_t height = 0, width = 0;
  int bit_depth = 8;    // or 16, of grey
  int colour_type = 0;  // PNG_COLOR_TYPE_ GRAY, PALETTE or RGB
  size_t row_bytes = 0;
  std::unique_ptr<uint8_t[]> filtered;  // [height][1 + row_bytes]: each row behind its filter's number

  // The stored bytes of a row, 16 bits with the high byte first.
  const uint8_t* row(int64_t y) const { return filtered.get() + static_cast<size_t>(y) * (row_bytes + 1) + 1; }
};

// Grey of 8 and 16 bits, palettes of 8 and RGB of 8 bits that are not interlaced and have no EXIF data: whole files whose
// checksums are right. Nothing for all others.
std::optional<PlainPng> read_plain_png(std::string_view bytes);

}  // namespace glid
