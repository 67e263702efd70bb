#include "glid/formats/exif.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

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

// One entry of a directory at byte 8, whose value is `field` or, if that is longer than 4 bytes, behind the directory.
std::string tiff_of(char type, char count, std::string field, bool big_endian) {
  const auto number = [&](char value, size_t bytes) {
    std::string text(bytes, '\0');
    text[big_endian ? bytes - 1 : 0] = value;
    return text;
  };
  const bool is_far = field.size() > 4;
  const std::string place = is_far ? number(26, 4) : field + std::string(4 - field.size(), '\0');
  return (big_endian ? "MM\0*"s : "II*\0"s) + number(8, 4) + number(1, 2) + (big_endian ? "\x01\x12"s : "\x12\x01"s) +
         number(type, 2) + number(count, 4) + place + number(0, 4) + (is_far ? field : "");
}

// What Pillow 13 does with each (ImageOps.exif_transpose).
TEST(ExifOrientation, AnyTypeOfNumberAsPillowTakesIt) {
  const std::string two = "\x06\0"s, four = two + "\0\0"s, eight = four + "\0\0\0\0"s;
  const std::string ratio = four + "\x01\0\0\0"s, twelve_halves = "\x0C\0\0\0\x02\0\0\0"s;
  const std::string real = "\0\0\xC0\x40"s, wide_real = "\0\0\0\0\0\0\x18\x40"s;
  for (const auto& [type, count, field] : {std::tuple{3, 1, two},
                                           {3, 2, two + two},
                                           {3, 3, two + two + two},
                                           {4, 1, four},
                                           {4, 2, four + four},
                                           {5, 1, ratio},
                                           {5, 1, twelve_halves},
                                           {6, 1, "\x06"s},
                                           {8, 1, two},
                                           {9, 1, four},
                                           {10, 1, ratio},
                                           {11, 1, real},
                                           {12, 1, wide_real},
                                           {13, 1, four},
                                           {16, 1, eight}})
    EXPECT_EQ(exif_orientation(tiff_of(static_cast<char>(type), static_cast<char>(count), field, false)), 6) << type;
  EXPECT_EQ(exif_orientation(tiff_of(4, 1, "\0\0\0\x06"s, true)), 6);
  EXPECT_EQ(exif_orientation(tiff_of(8, 1, "\0\x06"s, true)), 6);
  for (const auto& [type, count, field] : {std::tuple{1, 1, "\x06"s},
                                           {2, 2, "6\0"s},
                                           {7, 1, "\x06"s},
                                           {17, 1, eight},
                                           {3, 0, two},
                                           {4, 1, "\x06\0\x01\0"s},
                                           {11, 1, "\0\0\xD0\x40"s} /* 6.5 */,
                                           {5, 1, four + "\0\0\0\0"s} /* 6 / 0 */})
    EXPECT_EQ(exif_orientation(tiff_of(static_cast<char>(type), static_cast<char>(count), field, false)), 1) << type;
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
