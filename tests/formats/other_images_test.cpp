#include "glid/formats/other_images.h"

#include <gtest/gtest.h>

#include <string>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using namespace std::string_literals;

const std::string kWebP = "RIFF\x10\0\0\0WEBPVP8 "s, kTiff = "II*\0\x08\0\0\0"s;

TEST(ImageFormat, ByTheFirstBytes) {
  EXPECT_EQ(image_format(kWebP), "WebP");
  EXPECT_EQ(image_format(kTiff), "TIFF");
  EXPECT_EQ(image_format("GIF89a"), "GIF");
  EXPECT_EQ(image_format("\0\0\0\x1C"
                         "ftypheic"s),
            "HEIF");
  EXPECT_EQ(image_format("\0\0\0\x1C"
                         "ftypavif"s),
            "AVIF");
  EXPECT_EQ(image_format("BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"s), "BMP");
  EXPECT_EQ(image_format("P6\n4 4\n255\n"), "Netpbm");
  EXPECT_EQ(image_format(encode_png(Image::filled(2, 2, 0))), "PNG");
  EXPECT_EQ(image_format(encode_jpeg(Image::filled(2, 2, 0), 90)), "JPEG");
  for (const std::string& text : {""s, "BMW and other cars, a list"s, "P.S. a note"s, "RIFF\0\0\0\0WAVE"s, "II"s})
    EXPECT_EQ(image_format(text), "") << text;
}

TEST(ImageFormat, ReadingNamesIt) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "a.jpg";
  write_file(file, kWebP);
  try {
    read_image(file);
    ADD_FAILURE();
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), file.string() + ": is not a JPEG or PNG image (got WebP, which isn't read)");
  }
}

TEST(OtherImages, CountsByExtensionAndLooksIntoTheRest) {
  const TemporaryFolder folder;
  OtherImages others;
  EXPECT_EQ(others.text(), "");
  EXPECT_EQ(others.hint(), "");
  const auto add = [&](const std::string& name, const std::string& content) {
    write_file(folder.path() / name, content);
    others.add(folder.path() / name);
  };
  for (const char* name : {"a.webp", "b.WebP", "c.tif"}) add(name, "not looked into");
  add("hash", encode_jpeg(Image::filled(2, 2, 0), 90));
  add("hash2", encode_png(Image::filled(2, 2, 0)));
  add("LICENSE", "text");
  add("a.txt", "text");
  for (int i = 0; i < 40; ++i) add(format("{}.json", i), "{}");
  add("x.json", kWebP);  // too late to be looked into
  add("a.img", kTiff);
  EXPECT_EQ(others.count(), 6);
  EXPECT_EQ(others.text(), "2 x .webp, 2 x without an extension, 1 x .img, 1 x .tif");
  EXPECT_EQ(others.hint(), others.text() + ": of these formats none is read, convert them to JPEG or PNG");
}

}  // namespace
}  // namespace glid
