#include "glid/formats/jpeg.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "golden.h"

namespace glid {
namespace {

void decode(const std::string& bytes) { decode_jpeg(bytes, "test.jpg"); }

TEST(Jpeg, PixelsEqualPillows) {
  const auto files = golden_files(".jpg");
  EXPECT_EQ(files.size(), 14u);
  for (const auto& file : files) {
    SCOPED_TRACE(file.filename());
    expect_golden_pixels(file, decode_jpeg(read_file(file), file.string()));
  }
}

TEST(Jpeg, OrientationSwapsTheSides) {
  const Image upright = decode_jpeg(read_file(kGoldenFormats / "orientation1.jpg"), "");
  const Image turned = decode_jpeg(read_file(kGoldenFormats / "orientation6.jpg"), "");
  EXPECT_EQ(turned.height, upright.width);
  EXPECT_EQ(turned.width, upright.height);
}

TEST(Jpeg, EveryCutIsAnError) {
  for (const char* name : {"ycbcr.jpg", "progressive.jpg", "grey.jpg", "cmyk.jpg", "orientation6.jpg"}) {
    SCOPED_TRACE(name);
    expect_error_when_cut(read_file(kGoldenFormats / name), decode);
  }
}

TEST(Jpeg, ChangedBytesNeverCrash) {
  for (const auto& file : golden_files(".jpg")) survive_mutations(read_file(file), 40, decode);
}

TEST(Jpeg, BytesBetweenMarkersAndAfterTheEndAreHarmless) {
  const std::string bytes = read_file(kGoldenFormats / "ycbcr.jpg");
  const Image image = decode_jpeg(bytes, "");
  EXPECT_EQ(decode_jpeg(bytes + "trailing", ""), image);
  const size_t tables = bytes.find("\xFF\xDB");
  EXPECT_EQ(decode_jpeg(bytes.substr(0, tables) + "junk" + bytes.substr(tables), ""), image);
}

TEST(Jpeg, ErrorsNameTheFileAndTheReason) {
  try {
    decode(read_file(kGoldenFormats / "ycbcr.jpg").substr(0, 600));
    FAIL();
  } catch (const DataError& error) {
    EXPECT_STREQ(error.what(), "test.jpg: is a damaged or truncated JPEG (got Premature end of JPEG file)");
  }
}

TEST(Jpeg, RefusesTooManyPixels) {
  std::string bytes = read_file(kGoldenFormats / "ycbcr.jpg");
  const size_t frame = bytes.find("\xFF\xC0");
  bytes.replace(frame + 5, 4, "\xFF\x00\xFF\x00", 4);  // 65,280 x 65,280
  EXPECT_THROW(decode(bytes), DataError);
}

TEST(Jpeg, RoundTripIsClose) {
  Image image = Image::filled(21, 33, 0);
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t i = 0; i < image.width * 3; ++i) image.row(y)[i] = static_cast<uint8_t>(60 + 3 * y + i);
  const Image back = decode_jpeg(encode_jpeg(image, 95), "");
  ASSERT_EQ(back.pixels.size(), image.pixels.size());
  for (size_t i = 0; i < image.pixels.size(); ++i) ASSERT_NEAR(back.pixels[i], image.pixels[i], 8) << i;
  EXPECT_LT(encode_jpeg(image, 20).size(), encode_jpeg(image, 95).size());
  EXPECT_THROW(encode_jpeg(Image{}, 90), std::invalid_argument);
}

}  // namespace
}  // namespace glid
