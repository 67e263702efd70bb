#include "glid/formats/png.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "golden.h"
#include "raw_png.h"

namespace glid {
namespace {

constexpr size_t kAfterHeader = 8 + 12 + 13;  // signature, frame of a chunk, IHDR

void decode(const std::string& bytes) { decode_png(bytes, "test.png"); }

TEST(Png, EveryColourTypeAndDepth) {
  const auto files = golden_files(".png");
  EXPECT_EQ(files.size(), 19u);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    expect_golden_pixels(file, decode_png(read_file(file), file.string()));
  }
}

TEST(Png, EveryCutIsAnError) {
  for (const char* name : {"grey1.png", "rgb8.png", "palette4.png", "interlaced_rgb8.png"}) {
    SCOPED_TRACE(name);
    expect_error_when_cut(read_file(kGoldenFormats / name), decode);
  }
}

TEST(Png, EveryWrongByteOfThePixelsIsAnError) {
  const std::string bytes = read_file(kGoldenFormats / "rgb8.png");
  const size_t begin = bytes.find("IDAT") + 4, end = bytes.find("IEND") - 4;
  for (size_t i = begin; i < end; ++i) {
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    EXPECT_THROW(decode(broken), DataError) << i;
  }
}

TEST(Png, ChangedBytesNeverCrash) {
  for (const auto& file : golden_files(".png")) survive_mutations(read_file(file), 40, decode);
}

TEST(Png, ExifOrientationIsApplied) {
  using namespace std::string_literals;
  const std::string bytes = read_file(kGoldenFormats / "rgb8.png");
  const std::string exif = "II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"s;
  const Image turned = decode_png(bytes.substr(0, kAfterHeader) + chunk("eXIf", exif) + bytes.substr(kAfterHeader), "");
  const Image stored = decode_png(bytes, "");
  EXPECT_EQ(turned.height, stored.width);
  EXPECT_TRUE(std::equal(turned.row(0) + (turned.width - 1) * 3, turned.row(1), stored.row(0)));
}

TEST(Png, RefusesTooManyPixels) {
  const std::string bytes = read_file(kGoldenFormats / "rgb8.png");
  const std::string header = big_endian(60'000) + big_endian(60'000) + bytes.substr(8 + 8 + 8, 5);
  EXPECT_THROW(decode(bytes.substr(0, 8) + chunk("IHDR", header) + bytes.substr(kAfterHeader)), DataError);
}

TEST(Png, RoundTrip) {
  Image image = Image::filled(7, 5, 0);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 29);
  EXPECT_EQ(decode_png(encode_png(image), ""), image);
  EXPECT_THROW(encode_png(Image{}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
