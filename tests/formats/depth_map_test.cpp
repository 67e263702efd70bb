#include "glid/formats/depth_map.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "expect_data_error.h"
#include "glid/formats/label_map.h"
#include "glid/formats/npy.h"
#include "raw_png.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using namespace std::string_literals;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

TEST(DepthPng, MetresAreADivision) {
  const DepthMap map = decode_depth_png(raw_png(3, 16, kGrey, {"\0\0\x04\xE3\xFF\xFF"s}), 1000, "");
  EXPECT_EQ(map.height, 1);
  EXPECT_EQ(map.width, 3);
  EXPECT_EQ(map.metres, (std::vector<double>{0, 1.251, 65.535}));
  EXPECT_EQ(decode_depth_png(raw_png(1, 16, kGrey, {"\x01\x00"s}), 256, "").metres[0], 1);
}

TEST(DepthPng, RefusesWhatHasNoSixteenBits) {
  const auto decode = [](const std::string& bytes) { decode_depth_png(bytes, 1000, "a.png"); };
  expect_data_error([&] { decode(raw_png(1, 8, kGrey, {"a"})); }, {"a.png: is not a 16-bit grey PNG", "8 bits"});
  expect_data_error([&] { decode(raw_png(1, 8, kPalette, {"\1"})); }, {"a.png: is not a 16-bit grey PNG", "palette"});
  expect_data_error([&] { decode(raw_png(1, 8, kRgb, {"abc"})); }, {"a.png", "RGB", "16-bit grey"});
  expect_data_error([&] { decode("no"); }, {"a.png: is not a PNG"});
  EXPECT_THROW(decode_depth_png("", 0, ""), std::invalid_argument);
  EXPECT_THROW(decode_depth_png("", kNan, ""), std::invalid_argument);
}

TEST(DepthPng, WritesRoundedHalfUpAndClamped) {
  const TemporaryFolder folder;
  const DepthMap map{2, 4, {0.0005, 0.00049, 1.2345, 70, -1, kNan, kInf, -kInf}};
  write_depth_png(folder.path() / "a.png", map, 1000);
  EXPECT_EQ(read_label_png(folder.path() / "a.png").labels, (std::vector<uint16_t>{1, 0, 1235, 65535, 0, 0, 65535, 0}));
}

TEST(DepthNpy, TwoOrThreeDimensions) {
  const std::vector<float> values{0.5f, 1.1f, kNan, 3, 4, 5};
  for (const auto& shape : {std::vector<int64_t>{2, 3}, {1, 2, 3}}) {
    const DepthMap map = decode_depth_npy(encode_npy(NpyArray::from(values, shape)), "");
    EXPECT_EQ(map.height, 2);
    EXPECT_EQ(map.width, 3);
    EXPECT_EQ(map.metres[1], double{1.1f});
    EXPECT_TRUE(std::isnan(map.metres[2]));
  }
}

TEST(DepthNpy, FortranOrderIsTurned) {
  NpyArray array = NpyArray::from(std::vector<double>{1, 4, 2, 5, 3, 6}, {2, 3});
  array.fortran_order = true;
  EXPECT_EQ(decode_depth_npy(encode_npy(array), "").metres, (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(DepthNpy, RefusesOtherShapesAndTypes) {
  const std::vector<float> values(6);
  const auto decode = [](const NpyArray& array) { decode_depth_npy(encode_npy(array), "a.npy"); };
  expect_data_error([&] { decode(NpyArray::from(values, {6})); }, {"a.npy", "[height, width]", "[6]"});
  expect_data_error([&] { decode(NpyArray::from(values, {2, 1, 3})); }, {"a.npy", "[2, 1, 3]"});
  expect_data_error([&] { decode(NpyArray::from(std::vector<float>(), {0, 3})); }, {"a.npy", "[0, 3]"});
  expect_data_error([&] { decode({"u2", {1, 1}, false, "ab"}); }, {"a.npy: must hold metres", "u2"});
  expect_data_error([] { read_depth_npy("no/such.npy"); }, {"no/such.npy"});
}

}  // namespace
}  // namespace glid
