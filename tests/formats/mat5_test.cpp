#include "glid/formats/mat5.h"

#include <gtest/gtest.h>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/formats/nyu_mat.h"
#include "golden.h"
#include "raw_mat5.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

void decode(const std::string& bytes) { decode_mat5(bytes, "a.mat"); }

std::string two_by_three() { return matrix("x", kDoubleClass, {2, 3}, element(kUint8, "\1\2\3\4\5\6")); }

TEST(Mat5, NumbersInASmallerTypeThanTheirClass) {
  const auto arrays = decode_mat5(mat5_file(two_by_three()), "");
  ASSERT_EQ(arrays.size(), 1u);
  EXPECT_EQ(arrays[0].name, "x");
  EXPECT_EQ(arrays[0].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(arrays[0].values, (std::vector<double>{1, 2, 3, 4, 5, 6}));
}

TEST(Mat5, EveryTypeOfNumber) {
  const auto value_of = [](const std::string& data) {
    return decode_mat5(mat5_file(matrix("x", kDoubleClass, {1, 1}, data)), "")[0].values.at(0);
  };
  EXPECT_EQ(value_of(element(kInt8, bytes_of(int8_t{-3}))), -3);
  EXPECT_EQ(value_of(element(kInt16, bytes_of(int16_t{-300}))), -300);
  EXPECT_EQ(value_of(element(kUint16, bytes_of(uint16_t{60'000}))), 60'000);
  EXPECT_EQ(value_of(element(kInt32, bytes_of(int32_t{-70'000}))), -70'000);
  EXPECT_EQ(value_of(element(kUint32, bytes_of(uint32_t{4'000'000'000}))), 4e9);
  EXPECT_EQ(value_of(element(kSingle, bytes_of(1.5f))), 1.5);
  EXPECT_EQ(value_of(element(kDouble, bytes_of(0.1))), 0.1);
  EXPECT_EQ(value_of(element(kInt64, bytes_of(int64_t{-1} << 40))), -0x1p40);
  EXPECT_EQ(value_of(element(kUint64, bytes_of(uint64_t{1} << 63))), 0x1p63);
}

TEST(Mat5, SmallElementsStandInTheirTag) {
  const auto arrays = decode_mat5(mat5_file(matrix("x", kDoubleClass, {1, 2}, small_element(kUint8, "\7\10"))), "");
  EXPECT_EQ(arrays[0].values, (std::vector<double>{7, 8}));
}

TEST(Mat5, CompressedArraysAndOthersBesideThem) {
  const std::string text = matrix("text", kCharClass, {1, 1}, element(kUint16, "ab"));
  const std::string y = matrix("y", kInt32Class, {1, 1}, element(kInt32, bytes_of(int32_t{9})));
  const auto arrays = decode_mat5(mat5_file(compressed(two_by_three()) + text + y), "");
  ASSERT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays[0].values.size(), 6u);
  EXPECT_EQ(arrays[1].name, "y");
  EXPECT_EQ(arrays[1].values, std::vector<double>{9});
}

TEST(Mat5, RefusesOtherFiles) {
  expect_data_error([] { decode(""); }, {"a.mat: is not a MATLAB level 5 file or is truncated"});
  expect_data_error([] { decode(std::string(200, 'x')); }, {"a.mat: is not a MATLAB level 5 file"});
  expect_data_error([] { decode("MATLAB 7.3 MAT-file, Platform" + std::string(200, ' ')); }, {"7.3", "HDF5", "-v7"});
  std::string big_endian = mat5_file(two_by_three());
  std::swap(big_endian[126], big_endian[127]);
  expect_data_error([&] { decode(big_endian); }, {"a.mat: is a big-endian MATLAB file"});
}

TEST(Mat5, DamagedArrays) {
  const auto expect_damage = [](const std::string& array, const char* part) {
    expect_data_error([&] { decode(mat5_file(array)); }, {"a.mat: ", part});
  };
  expect_damage(matrix("x", kDoubleClass, {2, 3}, element(kUint8, "\1\2\3\4\5")), "array x of shape 2 x 3");
  expect_damage(matrix("x", kDoubleClass, {1 << 30, 1 << 30, 1 << 30, 4}, element(kUint8, "a")), "another number of values");
  expect_damage(matrix("x", kDoubleClass, {-1, 1}, element(kUint8, "")), "negative dimension (got -1)");
  expect_damage(matrix("x", kDoubleClass, {1}, element(kUint8, "a")), "without dimensions");
  expect_damage(matrix("x", kDoubleClass, {1, 1}, element(99, "a")), "unknown type");
  expect_damage(compressed(compressed(two_by_three())), "compressed twice");
  expect_damage(element(kDouble, "12345678"), "no array (got type 9)");
}

TEST(Mat5, RefusesToInflateTooMuch) {
  const std::string zeros(65 << 20, '\0');
  const std::string bomb = compressed(matrix("x", kDoubleClass, {65 << 20, 1}, element(kUint8, zeros)));
  EXPECT_LT(bomb.size(), 100u << 10);
  expect_data_error([&] { decode(mat5_file(bomb)); }, {"a.mat: inflates to too much"});
}

TEST(Mat5, CutAndChangedFiles) {
  const std::string bytes = mat5_file(two_by_three());
  for (size_t size = 0; size < bytes.size(); ++size) {
    if (size == 128) continue;               // a file without arrays
    if (size >= bytes.size() - 2) continue;  // the padding of the last element
    EXPECT_THROW(decode(bytes.substr(0, size)), DataError) << size;
  }
  survive_mutations(bytes, 2000, decode);
  survive_mutations(mat5_file(compressed(two_by_three())), 2000, decode);
}

class NyuSplitsFile : public testing::Test {
 protected:
  NyuSplits read(const std::string& train, const std::string& test) {
    const auto array = [](const char* name, const std::string& frames) {
      return matrix(name, kDoubleClass, {static_cast<int32_t>(frames.size()), 1}, element(kUint8, frames));
    };
    write_file(file_, mat5_file(array("trainNdxs", train) + array("testNdxs", test)));
    return read_nyu_splits(file_, 6);
  }

  TemporaryFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "splits.mat";
};

TEST_F(NyuSplitsFile, CountsFromZero) {
  const NyuSplits splits = read("\3\4\6", "\1\2");
  EXPECT_EQ(splits.train, (std::vector<int64_t>{2, 3, 5}));
  EXPECT_EQ(splits.test, (std::vector<int64_t>{0, 1}));
}

TEST_F(NyuSplitsFile, RefusesWrongFrames) {
  expect_data_error([&] { read("\1\7", "\2"); }, {"splits.mat: trainNdxs must hold frames from 1 to 6 (got 7)"});
  expect_data_error([&] { read("\1", std::string(1, '\0')); }, {"splits.mat: testNdxs must hold frames", "(got 0)"});
  expect_data_error([&] { read("\1\2", "\2"); }, {"splits.mat: testNdxs holds a frame that was there before (got 2)"});
  write_file(file_, mat5_file(two_by_three()));
  expect_data_error([&] { read_nyu_splits(file_, 6); }, {"splits.mat: has no array trainNdxs"});
}

}  // namespace
}  // namespace glid
