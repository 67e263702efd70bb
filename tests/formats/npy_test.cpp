#include "glid/formats/npy.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "golden.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using namespace std::string_literals;

void decode(const std::string& bytes) { decode_npy(bytes, "a.npy"); }

// A file of version 1.0 with this header, not padded.
std::string file_of(const std::string& header, const std::string& data) {
  return "\x93NUMPY\1\0"s + static_cast<char>(header.size()) + '\0' + header + data;
}

void expect_header_error(const std::string& header, const std::string& part) {
  expect_data_error([&] { decode(file_of(header, "\0\0\0\0"s)); }, {"a.npy: ", part});
}

// np.save of np.arange(3, dtype="<i2"), numpy 2.4.
TEST(Npy, ReadsWhatNumpyWrites) {
  const std::string header = "{'descr': '<i2', 'fortran_order': False, 'shape': (3,), }";
  const std::string padding(118 - header.size() - 1, ' ');
  const std::string bytes = "\x93NUMPY\1\0v\0"s + header + padding + "\n" + "\0\0\1\0\2\0"s;
  const NpyArray array = decode_npy(bytes, "");
  EXPECT_EQ(array.dtype, "i2");
  EXPECT_EQ(array.shape, std::vector<int64_t>{3});
  EXPECT_FALSE(array.fortran_order);
  EXPECT_EQ(array.to_doubles(), (std::vector<double>{0, 1, 2}));
  EXPECT_EQ(encode_npy(array), bytes);
}

TEST(Npy, LaterVersionsHaveLongerLengths) {
  const std::string header = "{'descr': '|u1', 'fortran_order': True, 'shape': ()}\n";
  for (const char major : {2, 3}) {
    const std::string bytes = "\x93NUMPY"s + major + '\0' + static_cast<char>(header.size()) + "\0\0\0"s + header + "\7";
    const NpyArray array = decode_npy(bytes, "");
    EXPECT_EQ(array.size(), 1);
    EXPECT_EQ(array.to_doubles(), std::vector<double>{7});
  }
}

TEST(Npy, HalfFloats) {
  const std::string data = "\0\x3C\xFF\x7B\1\0\0\x80\0\xFC\0\x7E\0\4"s;
  const NpyArray array{"f2", {7}, false, data};
  const auto values = array.to_doubles();
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(values[1], 65504);
  EXPECT_EQ(values[2], std::ldexp(1, -24));
  EXPECT_TRUE(values[3] == 0 && std::signbit(values[3]));
  EXPECT_EQ(values[4], -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(values[5]));
  EXPECT_EQ(values[6], std::ldexp(1, -14));
}

TEST(Npy, FortranOrderOfThreeDimensions) {
  std::vector<double> stored(24), expected(24);
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 3; ++b)
      for (int c = 0; c < 4; ++c) stored[a + 2 * (b + 3 * c)] = expected[(a * 3 + b) * 4 + c] = 100 * a + 10 * b + c;
  NpyArray array = NpyArray::from(stored, {2, 3, 4});
  array.fortran_order = true;
  EXPECT_EQ(decode_npy(encode_npy(array), "").to_doubles(), expected);
}

TEST(Npy, RoundTrip) {
  const TemporaryFolder folder;
  write_npy(folder.path() / "a.npy", NpyArray::from(std::vector<float>{1.5f, -2, 0.1f, 4}, {2, 2}));
  const NpyArray array = read_npy(folder.path() / "a.npy");
  EXPECT_EQ(array.shape, (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(array.to_doubles(), (std::vector<double>{1.5, -2, 0.1f, 4}));
  EXPECT_EQ((read_file(folder.path() / "a.npy").size() - array.data.size()) % 64, 0u);
  EXPECT_THROW(NpyArray::from(std::vector<float>{1}, {2}), std::invalid_argument);
  EXPECT_THROW(encode_npy({"f3", {1}, false, "abc"}), std::invalid_argument);
}

TEST(Npy, NoElements) {
  EXPECT_TRUE(decode_npy(encode_npy({"f4", {3, 0}, false, ""}), "").to_doubles().empty());
  EXPECT_TRUE(decode_npy(encode_npy({"f4", {3, 0}, true, ""}), "").to_doubles().empty());
}

TEST(Npy, HeaderErrors) {
  expect_header_error("{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", "unsupported dtype (got >f4)");
  expect_header_error("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "unsupported dtype");
  expect_header_error("{'descr': '<c8', 'fortran_order': False, 'shape': (1,)}", "unsupported dtype");
  expect_header_error("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "holds records");
  expect_header_error("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", "damaged .npy header");
  expect_header_error("{'descr': '<f4', 'fortran_order': False}", "damaged .npy header");
  expect_header_error("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "damaged .npy header");
  expect_header_error("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "damaged .npy header");
  expect_header_error("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "damaged .npy header");
  expect_header_error("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", "(2,) and dtype f4 (got 4)");
}

TEST(Npy, SizeErrors) {
  const std::string huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4)}";
  expect_header_error(huge, "doesn't have the bytes");
  const std::string bytes = encode_npy(NpyArray::from(std::vector<float>{1, 2}, {2}));
  expect_data_error([&] { decode(bytes + "x"); }, {"a.npy: doesn't have the bytes of shape (2,) and dtype f4 (got 9)"});
  expect_data_error([] { decode("\x93NUMPY\4\0\1\0\0\0 "s); }, {"a.npy: is a .npy of an unknown version (got 4.0)"});
  expect_data_error([] { decode("PK"); }, {"a.npy: is not a .npy file"});
  expect_data_error([] { decode(""); }, {"a.npy: is empty"});
}

TEST(Npy, CutAndChangedFiles) {
  const std::string bytes = encode_npy(NpyArray::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}));
  expect_error_when_cut(bytes, decode);
  survive_mutations(bytes, 3000, [](const std::string& broken) { decode_npy(broken, "").to_doubles(); });
}

}  // namespace
}  // namespace glid
