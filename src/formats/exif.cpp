#include "glid/formats/exif.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace glid {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShortType = 3;
constexpr size_t kEntryBytes = 12;

// Bounds-checked reads in the file's byte order; outside of the data everything is 0.
struct TiffReader {
  std::string_view data;
  bool big_endian = false;

  uint32_t number(size_t offset, size_t bytes) const {
    if (offset > data.size() || data.size() - offset < bytes) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const size_t place = big_endian ? i : bytes - 1 - i;
      value = value << 8 | static_cast<uint8_t>(data[offset + place]);
    }
    return value;
  }
};

// Where the pixel that is shown at (y, x) is stored.
struct Orientation {
  bool transposed, flipped_rows, flipped_columns;
};

constexpr Orientation kOrientations[9] = {{},
                                          {false, false, false},
                                          {false, false, true},
                                          {false, true, true},
                                          {false, true, false},
                                          {true, false, false},
                                          {true, true, false},
                                          {true, true, true},
                                          {true, false, true}};

}  // namespace

int exif_orientation(std::string_view tiff) {
  TiffReader reader{tiff};
  if (tiff.starts_with("MM")) reader.big_endian = true;
  else if (!tiff.starts_with("II")) return 1;
  if (reader.number(2, 2) != 42) return 1;
  const size_t directory = reader.number(4, 4);
  const uint32_t num_entries = reader.number(directory, 2);
  for (uint32_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const uint32_t value = reader.number(entry + 8, 2);
    return reader.number(entry + 2, 2) == kShortType && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

Image upright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  const Orientation stored = kOrientations[orientation];
  Image out = Image::filled(image.height, image.width, 0);
  if (stored.transposed) std::swap(out.height, out.width);
  for (int64_t y = 0; y < out.height; ++y) {
    uint8_t* to = out.row(y);
    for (int64_t x = 0; x < out.width; ++x, to += 3) {
      int64_t row = stored.transposed ? x : y;
      int64_t column = stored.transposed ? y : x;
      if (stored.flipped_rows) row = image.height - 1 - row;
      if (stored.flipped_columns) column = image.width - 1 - column;
      std::copy_n(image.row(row) + column * 3, 3, to);
    }
  }
  return out;
}

}  // namespace glid
