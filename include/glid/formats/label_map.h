// Label and panoptic id PNGs: pixels are numbers, so nothing is scaled, expanded, blended or turned upright.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// One class index a pixel.
struct LabelMap {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint16_t> labels;  // [height][width]
  bool operator==(const LabelMap&) const = default;
};

// Grey of 1 to 16 bits: the stored value (16 bits are the whole number); palette: the index, whatever its colour. Throws
// DataError naming the file when it is missing, not a PNG, truncated, damaged, larger than kMaxImagePixels, or has colours
// or an alpha channel instead of labels.
LabelMap read_label_png(const std::filesystem::path& file);
// The same for bytes in memory; `where` names them in errors.
LabelMap decode_label_png(std::string_view bytes, const std::string& where);

// Grey of 8 bits, or of 16 when a label is above 255. write_ replaces `file` in one step.
std::string encode_label_png(const LabelMap& map);
void write_label_png(const std::filesystem::path& file, const LabelMap& map);

// One segment id a pixel: R + 256 G + 65536 B of the panoptic PNG (panopticapi, utils.py rgb2id); 0 is VOID.
struct IdMap {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint32_t> ids;  // [height][width], below 2^24
  bool operator==(const IdMap&) const = default;
};

// 8-bit RGB; of RGBA the first three channels count, as in panopticapi. Everything else is a DataError, and the file's
// errors are those of read_label_png.
IdMap read_panoptic_png(const std::filesystem::path& file);
IdMap decode_panoptic_png(std::string_view bytes, const std::string& where);

// 8-bit RGB. Throw std::invalid_argument for an id of 2^24 or more.
std::string encode_panoptic_png(const IdMap& map);
void write_panoptic_png(const std::filesystem::path& file, const IdMap& map);

}  // namespace glid
