#include "glid/formats/label_map.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/png.h"
#include "label_png.h"
#include "plain_png.h"
#include "png_codec.h"

namespace glid {
namespace {

const char* colour_name(int colour_type) {
  switch (colour_type) {
    case PNG_COLOR_TYPE_GRAY: return "grey";
    case PNG_COLOR_TYPE_PALETTE: return "palette";
    case PNG_COLOR_TYPE_GRAY_ALPHA: return "grey with alpha";
    case PNG_COLOR_TYPE_RGB: return "RGB";
    default: return "RGBA";
  }
}

// A row of `width` bytes in the second half of a row of numbers becomes those numbers: blocks are copied out before
// anything is written over them.
void widen_row(uint16_t* row, int64_t width) {
  constexpr int64_t kBlock = 32;
  const uint8_t* bytes = reinterpret_cast<const uint8_t*>(row) + width;
  uint8_t block[kBlock];
  for (int64_t x = 0; x < width; x += kBlock) {
    const int64_t count = std::min(kBlock, width - x);
    std::memcpy(block, bytes + x, static_cast<size_t>(count));
    for (int64_t i = 0; i < count; ++i) row[x + i] = block[i];
  }
}

// Bytes and, high byte first, pairs of bytes as numbers.
SamplePng samples_of(const PlainPng& plain) {
  SamplePng png{{plain.height, plain.width, {}}, plain.bit_depth, plain.colour_type == PNG_COLOR_TYPE_PALETTE};
  png.map.labels.resize(static_cast<size_t>(plain.height * plain.width));
  uint16_t* to = png.map.labels.data();
  for (int64_t y = 0; y < plain.height; ++y, to += plain.width) {
    const uint8_t* row = plain.row(y);
    if (plain.bit_depth == 8) std::copy_n(row, plain.width, to);
    else
      for (int64_t x = 0; x < plain.width; ++x) to[x] = static_cast<uint16_t>(row[2 * x] << 8 | row[2 * x + 1]);
  }
  return png;
}

IdMap ids_of(const PlainPng& plain) {
  IdMap map{plain.height, plain.width, {}};
  map.ids.resize(static_cast<size_t>(plain.height * plain.width));
  uint32_t* to = map.ids.data();
  for (int64_t y = 0; y < plain.height; ++y, to += plain.width) {
    const uint8_t* row = plain.row(y);
    for (int64_t x = 0; x < plain.width; ++x)
      to[x] = row[3 * x] | uint32_t{row[3 * x + 1]} << 8 | uint32_t{row[3 * x + 2]} << 16;
  }
  return map;
}

void check_size(int64_t height, int64_t width, size_t num_pixels, const char* what) {
  if (height < 1 || width < 1 || static_cast<size_t>(height * width) != num_pixels)
    throw std::invalid_argument(format("{}: {} x {} with {} pixels", what, height, width, num_pixels));
}

}  // namespace

SamplePng decode_sample_png(std::string_view bytes, const std::string& where, const char* hint) {
  if (!is_png(bytes)) throw DataError(where, bytes.empty() ? "is empty" : "is not a PNG");
  if (const auto plain = read_plain_png(bytes); plain && plain->colour_type != PNG_COLOR_TYPE_RGB) return samples_of(*plain);
  PngDecoder decoder(bytes, where);
  decoder.read_header();
  const int colour = decoder.colour_type();
  if (colour != PNG_COLOR_TYPE_GRAY && colour != PNG_COLOR_TYPE_PALETTE)
    throw DataError(where, "is not a grey or palette PNG", colour_name(colour), hint);
  decoder.convert_to_samples();
  SamplePng png{{decoder.height(), decoder.width(), {}}, decoder.bit_depth(), colour == PNG_COLOR_TYPE_PALETTE};
  LabelMap& map = png.map;
  map.labels.resize(static_cast<size_t>(map.height * map.width));
  auto* pixels = reinterpret_cast<uint8_t*>(map.labels.data());
  const bool is_narrow = png.bit_depth <= 8;
  decoder.read_pixels(is_narrow ? pixels + map.width : pixels, static_cast<size_t>(map.width * 2));
  for (int64_t y = 0; is_narrow && y < map.height; ++y) widen_row(map.labels.data() + y * map.width, map.width);
  return png;
}

LabelMap decode_label_png(std::string_view bytes, const std::string& where) {
  return decode_sample_png(bytes, where, "store one class index a pixel").map;
}

LabelMap read_label_png(const std::filesystem::path& file) { return decode_label_png(read_file(file), file.string()); }

std::string encode_sample_png(const LabelMap& map, int bit_depth) {
  check_size(map.height, map.width, map.labels.size(), "encode_label_png");
  if (bit_depth == 16) return encode_png_pixels({map.height, map.width, 16, PNG_COLOR_TYPE_GRAY, map.labels.data()});
  const std::vector<uint8_t> bytes(map.labels.begin(), map.labels.end());
  return encode_png_pixels({map.height, map.width, 8, PNG_COLOR_TYPE_GRAY, bytes.data()});
}

std::string encode_label_png(const LabelMap& map) {
  const bool is_wide = std::any_of(map.labels.begin(), map.labels.end(), [](uint16_t label) { return label > 255; });
  return encode_sample_png(map, is_wide ? 16 : 8);
}

void write_label_png(const std::filesystem::path& file, const LabelMap& map) { write_file(file, encode_label_png(map)); }

IdMap decode_panoptic_png(std::string_view bytes, const std::string& where) {
  if (!is_png(bytes)) throw DataError(where, bytes.empty() ? "is empty" : "is not a PNG");
  if (const auto plain = read_plain_png(bytes); plain && plain->colour_type == PNG_COLOR_TYPE_RGB) return ids_of(*plain);
  PngDecoder decoder(bytes, where);
  decoder.read_header();
  const int colour = decoder.colour_type();
  if ((colour != PNG_COLOR_TYPE_RGB && colour != PNG_COLOR_TYPE_RGBA) || decoder.bit_depth() != 8)
    throw DataError(where, "is not an 8-bit RGB PNG", format("{} bits, {}", decoder.bit_depth(), colour_name(colour)),
                    "store the segment id as R + 256 G + 65536 B");
  decoder.convert_to_rgbx();
  IdMap map{decoder.height(), decoder.width(), {}};
  map.ids.resize(static_cast<size_t>(map.height * map.width));
  decoder.read_pixels(reinterpret_cast<uint8_t*>(map.ids.data()), static_cast<size_t>(map.width) * sizeof(uint32_t));
  if (colour == PNG_COLOR_TYPE_RGBA)
    for (uint32_t& id : map.ids) id &= 0xFFFFFF;
  return map;
}

IdMap read_panoptic_png(const std::filesystem::path& file) { return decode_panoptic_png(read_file(file), file.string()); }

std::string encode_panoptic_png(const IdMap& map) {
  check_size(map.height, map.width, map.ids.size(), "encode_panoptic_png");
  std::vector<uint8_t> rgb;
  rgb.reserve(map.ids.size() * 3);
  for (const uint32_t id : map.ids) {
    if (id >= 1u << 24) throw std::invalid_argument(format("encode_panoptic_png: id {} has more than 24 bits", id));
    for (int shift = 0; shift < 24; shift += 8) rgb.push_back(static_cast<uint8_t>(id >> shift));
  }
  return encode_png_pixels({map.height, map.width, 8, PNG_COLOR_TYPE_RGB, rgb.data()});
}

void write_panoptic_png(const std::filesystem::path& file, const IdMap& map) { write_file(file, encode_panoptic_png(map)); }

}  // namespace glid
