#include "glid/formats/exif.h"

#include <gtest/gtest.h>

#include <string>

namespace glid {
namespace {

using namespace std::string_literals;

// A directory of one other tag and the orientation, in both byte orders.
const std::string kLittleEndian =
    "II*\0\x08\0\0\0\x02\0"s + "\x10\x01\x02\0\x01\0\0\0\0\0\0\0"s + "\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"s;
const std::string kBigEndian =
    "MM\0*\0\0\0\x08\0\x02"s + "\x01\x10\0\x02\0\0\0\x01\0\0\0\0"s + "\x01\x12\0\x03\0\0\0\x01\0\x08\0\0"s;

TEST(ExifOrientation, BothByteOrders) {
  EXPECT_EQ(exif_orientation(kLittleEndian), 6);
  EXPECT_EQ(exif_orientation(kBigEndian), 8);
}

TEST(ExifOrientation, DamagedIsUpright) {
  for (const std::string& whole : {kLittleEndian, kBigEndian})
    for (size_t size = 0; size + 3 < whole.size(); ++size) EXPECT_EQ(exif_orientation(whole.substr(0, size)), 1) << size;
  std::string far = kLittleEndian;
  far.replace(4, 4, "\xFF\xFF\xFF\xFF");
  EXPECT_EQ(exif_orientation(far), 1);
  std::string nine = kLittleEndian;
  nine[30] = 9;
  EXPECT_EQ(exif_orientation(nine), 1);
  std::string many = kLittleEndian;
  many.replace(8, 2, "\xFF\xFF");
  many[23] = 0;  // the orientation becomes another tag, so that all 65,535 entries are looked for
  EXPECT_EQ(exif_orientation(many), 1);
}

TEST(Upright, TurnsTwoByThree) {
  const auto grey = [](int64_t height, int64_t width, std::vector<uint8_t> values) {
    Image image{height, width, {}};
    for (const uint8_t value : values) image.pixels.insert(image.pixels.end(), 3, value);
    return image;
  };
  const Image stored = grey(2, 3, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(upright(stored, 1), stored);
  EXPECT_EQ(upright(stored, 2), grey(2, 3, {3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(upright(stored, 3), grey(2, 3, {6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(upright(stored, 4), grey(2, 3, {4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(upright(stored, 5), grey(3, 2, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(upright(stored, 6), grey(3, 2, {4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(upright(stored, 7), grey(3, 2, {6, 3, 5, 2, 4, 1}));
  EXPECT_EQ(upright(stored, 8), grey(3, 2, {3, 6, 2, 5, 1, 4}));
}

}  // namespace
}  // namespace glid
