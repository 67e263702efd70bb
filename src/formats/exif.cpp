#include "glid/formats/exif.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <utility>

namespace glid {
namespace {

constexpr uint32_t kOrientationTag = 0x0112;
constexpr size_t kEntryBytes = 12;
constexpr size_t kInlineBytes = 4;  // of a value that stands in its entry; larger ones stand where the entry says

// Bounds-checked reads in the file's byte order; outside of the data everything is 0.
struct TiffReader {
  std::string_view data;
  bool big_endian = false;

  uint64_t number(size_t offset, size_t bytes) const {
    if (offset > data.size() || data.size() - offset < bytes) return 0;
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      const size_t place = big_endian ? i : bytes - 1 - i;
      value = value << 8 | static_cast<uint8_t>(data[offset + place]);
    }
    return value;
  }
};

// TIFF's kinds of numbers, and the bytes of one. Those that Pillow reads as texts (BYTE, ASCII, UNDEFINED) are none.
enum class NumberKind { kNone, kInteger, kRational, kReal };
struct NumberType {
  NumberKind kind = NumberKind::kNone;
  size_t bytes = 0;
};
NumberType number_type(uint64_t tiff_type) {
  switch (tiff_type) {
    case 6: return {NumberKind::kInteger, 1};  // SBYTE
    case 3:
    case 8: return {NumberKind::kInteger, 2};  // SHORT, SSHORT
    case 4:
    case 9:
    case 13: return {NumberKind::kInteger, 4};  // LONG, SLONG, IFD
    case 16: return {NumberKind::kInteger, 8};  // LONG8
    case 5:
    case 10: return {NumberKind::kRational, 8};
    case 11: return {NumberKind::kReal, 4};
    case 12: return {NumberKind::kReal, 8};
    default: return {};
  }
}

// The first number of an entry; 0 where it has none.
double first_number(const TiffReader& reader, size_t entry) {
  const auto [kind, bytes] = number_type(reader.number(entry + 2, 2));
  const uint64_t count = reader.number(entry + 4, 4);
  if (kind == NumberKind::kNone || count == 0) return 0;
  const size_t place = count * bytes <= kInlineBytes ? entry + 8 : reader.number(entry + 8, 4);
  if (kind == NumberKind::kInteger) return static_cast<double>(reader.number(place, bytes));
  if (kind == NumberKind::kRational)
    return static_cast<double>(reader.number(place, 4)) / static_cast<double>(reader.number(place + 4, 4));
  return bytes == 4 ? std::bit_cast<float>(static_cast<uint32_t>(reader.number(place, 4)))
                    : std::bit_cast<double>(reader.number(place, 8));
}

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
  const uint64_t num_entries = reader.number(directory, 2);
  for (uint64_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (reader.number(entry, 2) != kOrientationTag) continue;
    const double value = first_number(reader, entry);
    return value >= 1 && value <= 8 && value == std::floor(value) ? static_cast<int>(value) : 1;
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
