// Plain PNGs are read by code of ours, all others by libpng: EXIF data, which say nothing here, tell the two apart.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

#include "glid/core/error.h"
#include "glid/formats/label_map.h"
#include "glid/formats/png.h"
#include "raw_png.h"

namespace glid {
namespace {

using namespace std::string_literals;

constexpr size_t kAfterHeader = 8 + 12 + 13;  // signature, frame of a chunk, IHDR

// For libpng to read.
std::string with_exif(const std::string& bytes) {
  const std::string exif = "II*\0\x08\0\0\0\0\0\0\0\0\0"s;  // an empty directory
  return bytes.substr(0, kAfterHeader) + chunk("eXIf", exif) + bytes.substr(kAfterHeader);
}

struct Kind {
  char bit_depth;
  PngColour colour;
  size_t pixel_bytes;
};
constexpr Kind kKinds[] = {{8, kGrey, 1}, {16, kGrey, 2}, {8, kPalette, 1}, {8, kRgb, 3}};

// Any bytes are pixels behind any filter. In several IDATs.
std::string noise_png(const Kind& kind, uint32_t height, uint32_t width, std::mt19937& random) {
  std::string pixels;
  for (uint32_t y = 0; y < height; ++y) {
    pixels += static_cast<char>(random() % 5);
    for (size_t i = 0; i < width * kind.pixel_bytes; ++i) pixels += static_cast<char>(random());
  }
  const std::string packed = zlib_packed(pixels);
  const size_t half = packed.size() / 2;
  const std::string header =
      big_endian(width) + big_endian(height) + kind.bit_depth + static_cast<char>(kind.colour) + "\0\0\0"s;
  return "\x89PNG\r\n\x1A\n" + chunk("IHDR", header) +
         (kind.colour == kPalette ? chunk("PLTE", std::string(768, 'x')) : "") + chunk("IDAT", packed.substr(0, half)) +
         chunk("IDAT", packed.substr(half)) + chunk("tEXt", "a\0b"s) + chunk("IEND", "");
}

template <typename Decode>
auto outcome(Decode decode, const std::string& bytes) -> std::optional<decltype(decode(bytes, ""))> {
  try {
    return decode(bytes, "a.png");
  } catch (const DataError&) {
    return std::nullopt;
  }
}

void expect_alike(const std::string& bytes, const std::string& for_libpng) {
  EXPECT_EQ(outcome(decode_label_png, bytes), outcome(decode_label_png, for_libpng));
  EXPECT_EQ(outcome(decode_panoptic_png, bytes), outcome(decode_panoptic_png, for_libpng));
  EXPECT_EQ(outcome(decode_png, bytes), outcome(decode_png, for_libpng));
}

TEST(PlainPng, EveryFilterIsLibpngs) {
  std::mt19937 random(1);
  for (const Kind& kind : kKinds) {
    for (uint32_t width = 1; width < 40; ++width) {
      const std::string bytes = noise_png(kind, 30, width, random);
      ASSERT_TRUE(outcome(decode_png, bytes)) << width;
      expect_alike(bytes, with_exif(bytes));
    }
  }
}

TEST(PlainPng, ChangedBytesAreReadOrRefusedAsByLibpng) {
  std::mt19937 random(2);
  for (const Kind& kind : kKinds) {
    const std::string bytes = noise_png(kind, 5, 4, random);
    for (size_t i = 0; i < bytes.size(); ++i) {
      SCOPED_TRACE(i);
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ 1 << random() % 8);
      expect_alike(changed, with_exif(changed));
    }
  }
}

// Chunks in another order, missing, repeated or unknown, with right checksums.
TEST(PlainPng, OtherChunksAreReadOrRefusedAsByLibpng) {
  std::mt19937 random(3);
  const std::string bytes = noise_png(kKinds[2], 5, 4, random);
  const std::string before = bytes.substr(0, kAfterHeader), palette = chunk("PLTE", std::string(768, 'x'));
  const std::string end = chunk("IEND", "");
  const std::string pixels =
      bytes.substr(before.size() + palette.size(), bytes.size() - before.size() - palette.size() - end.size());
  const std::string one = pixels.substr(0, pixels.find("IDAT", 8) - 4), rest = pixels.substr(one.size());
  const std::string note = chunk("tEXt", "a\0b"s), critical = chunk("ABCD", "");
  for (const std::string& body :
       {palette + pixels + end, pixels + end, pixels + palette + end, palette + one + note + rest + end, palette + end,
        palette + critical + pixels + end, palette + pixels + critical + end, palette + palette + pixels + end,
        chunk("PLTE", "xy") + pixels + end, palette + pixels, palette + one + end, palette + pixels + end + "more",
        palette + pixels + rest + end, palette + note + pixels + note + end}) {
    SCOPED_TRACE(body.size());
    expect_alike(before + body, with_exif(before + body));
  }
}

}  // namespace
}  // namespace glid
