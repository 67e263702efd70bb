#include "glid/formats/image_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "golden.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

TEST(ImageFile, KindIsToldByTheContent) {
  const TemporaryFolder folder;
  const auto misnamed = folder.path() / "really_a_png.jpg";
  write_file(misnamed, read_file(kGoldenFormats / "rgb8.png"));
  EXPECT_EQ(read_image(misnamed), read_image(kGoldenFormats / "rgb8.png"));
}

TEST(ImageFile, WhatIsNoImageIsNamed) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "x.jpg";
  const auto message = [&] {
    try {
      read_image(file);
      return std::string("no error");
    } catch (const DataError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(message(), file.string() + ": does not exist");
  write_file(file, "");
  EXPECT_EQ(message(), file.string() + ": is empty");
  write_file(file, "GIF89a and some garbage");
  EXPECT_EQ(message(), file.string() + ": is not a JPEG or PNG image (got GIF, which isn't read)");
  write_file(file, "\xFF\xD8\xFF garbage");
  EXPECT_NE(message().find(file.string() + ": is a damaged or truncated JPEG"), std::string::npos);
  std::filesystem::remove(file);
  std::filesystem::create_directory(file);
  EXPECT_EQ(message(), file.string() + ": is a folder, not a file");
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(message(), file.string() + ": is a pipe, not a file");
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/dev/zero", file);
  EXPECT_EQ(message(), file.string() + ": is a device, not a file");
}

TEST(ImageFile, Extensions) {
  for (const char* name : {"a.jpg", "a.JPEG", "b/c.Jpe", "a.b.PNG", "a.jfif", "a.JPG_large"})
    EXPECT_TRUE(has_extension(name, kImageExtensions)) << name;
  for (const char* name : {"jpg", "a.gif", "a.png.txt", ".jpg", ""})
    EXPECT_FALSE(has_extension(name, kImageExtensions)) << name;
}

TEST(ImageFile, WritesBothKinds) {
  const TemporaryFolder folder;
  const Image image = Image::filled(9, 4, 128);
  write_png(folder.path() / "a.png", image);
  write_jpeg(folder.path() / "a.jpg", image, 90);
  EXPECT_EQ(read_image(folder.path() / "a.png"), image);
  EXPECT_EQ(read_image(folder.path() / "a.jpg"), image);
}

}  // namespace
}  // namespace glid
