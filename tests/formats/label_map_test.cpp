#include "glid/formats/label_map.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "expect_data_error.h"
#include "glid/core/files.h"
#include "glid/formats/png.h"
#include "golden.h"
#include "raw_png.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using namespace std::string_literals;
using Labels = std::vector<uint16_t>;

void decode_labels(const std::string& bytes) { decode_label_png(bytes, "a.png"); }
void decode_ids(const std::string& bytes) { decode_panoptic_png(bytes, "a.png"); }

Labels labels_of(uint32_t width, char bit_depth, PngColour colour, const std::vector<std::string>& rows) {
  return decode_label_png(raw_png(width, bit_depth, colour, rows), "a.png").labels;
}

LabelMap ramp(int64_t height, int64_t width, int step) {
  LabelMap map{height, width, Labels(static_cast<size_t>(height * width))};
  for (size_t i = 0; i < map.labels.size(); ++i) map.labels[i] = static_cast<uint16_t>(i * static_cast<size_t>(step));
  return map;
}

TEST(LabelPng, GreyIsTheStoredNumber) {
  EXPECT_EQ(labels_of(3, 8, kGrey, {"\0\1\xFF"s, "\2\3\4"s}), (Labels{0, 1, 255, 2, 3, 4}));
  EXPECT_EQ(labels_of(2, 16, kGrey, {"\1\2\xFF\xFE"s}), (Labels{0x0102, 0xFFFE}));
}

TEST(LabelPng, FewBitsAreNotExpanded) {
  EXPECT_EQ(labels_of(3, 1, kGrey, {"\xA0"s}), (Labels{1, 0, 1}));
  EXPECT_EQ(labels_of(3, 2, kGrey, {"\xE4"s}), (Labels{3, 2, 1}));
  EXPECT_EQ(labels_of(3, 4, kGrey, {"\xF1\x20"s}), (Labels{15, 1, 2}));
}

// All entries of raw_png's palette have one colour: only the index tells them apart.
TEST(LabelPng, PaletteIsTheIndex) {
  EXPECT_EQ(labels_of(3, 8, kPalette, {"\0\1\x0F"s}), (Labels{0, 1, 15}));
  EXPECT_EQ(labels_of(3, 4, kPalette, {"\xF1\x20"s}), (Labels{15, 1, 2}));
  EXPECT_EQ(labels_of(3, 2, kPalette, {"\xE4"s}), (Labels{3, 2, 1}));
  EXPECT_EQ(labels_of(3, 1, kPalette, {"\xA0"s}), (Labels{1, 0, 1}));
}

TEST(LabelPng, EveryWidthIsWidenedWhole) {
  for (int64_t width = 1; width < 100; ++width) {
    const LabelMap map = ramp(2, width, 1);
    ASSERT_EQ(decode_label_png(encode_label_png(map), ""), map) << width;
  }
}

TEST(LabelPng, InterlacedFilesAreRead) {
  const std::string bytes = read_file(kGoldenFormats / "interlaced_grey1.png");
  const LabelMap map = decode_label_png(bytes, "");
  const Image image = decode_png(bytes, "");
  ASSERT_EQ(map.labels.size() * 3, image.pixels.size());
  for (size_t i = 0; i < map.labels.size(); ++i) ASSERT_EQ(map.labels[i] * 255, image.pixels[i * 3]);
}

TEST(LabelPng, WritesSixteenBitsOnlyWhereNeeded) {
  const TemporaryFolder folder;
  for (const int step : {1, 60}) {
    const LabelMap map = ramp(9, 21, step);
    write_label_png(folder.path() / "a.png", map);
    EXPECT_EQ(read_label_png(folder.path() / "a.png"), map);
    EXPECT_EQ(read_file(folder.path() / "a.png")[24], step == 1 ? 8 : 16);  // IHDR's bit depth
  }
  EXPECT_THROW(encode_label_png({2, 2, {1}}), std::invalid_argument);
  EXPECT_THROW(encode_label_png({}), std::invalid_argument);
}

TEST(LabelPng, RefusesColours) {
  const auto expect_refused = [](PngColour colour, const std::string& row, const char* name) {
    expect_data_error([&] { decode_labels(raw_png(1, 8, colour, {row})); }, {"a.png: ", name, "class index"});
  };
  expect_refused(kRgb, "abc", "RGB");
  expect_refused(kRgba, "abcd", "RGBA");
  expect_refused(kGreyAlpha, "ab", "grey with alpha");
}

TEST(LabelPng, RefusesOtherFiles) {
  expect_data_error([] { decode_labels(""); }, {"a.png: is empty"});
  expect_data_error([] { decode_labels("\xFF\xD8\xFF"); }, {"a.png: is not a PNG"});
  expect_data_error([] { read_label_png("no/such.png"); }, {"no/such.png: does not exist"});
}

TEST(LabelPng, RefusesMorePixelsThanItsBytesCanHold) {
  std::string bytes = raw_png(2, 8, kGrey, {"ab"});
  const std::string header = big_endian(10'000) + big_endian(10'000) + "\10\0\0\0\0"s;
  bytes = bytes.substr(0, 8) + chunk("IHDR", header) + bytes.substr(8 + 12 + 13);
  expect_data_error([&] { decode_labels(bytes); }, {"a.png: is a damaged or truncated PNG", "10000 x 10000"});
}

TEST(LabelPng, CutAndChangedFiles) {
  for (const int step : {1, 60}) {
    const std::string bytes = encode_label_png(ramp(7, 11, step));
    expect_error_when_cut(bytes, decode_labels);
    survive_mutations(bytes, 500, decode_labels);
  }
  survive_mutations(raw_png(3, 4, kPalette, {"\xF1\x20"s}), 500, decode_labels);
}

TEST(PanopticPng, IdIsThreeBytes) {
  EXPECT_EQ(decode_panoptic_png(raw_png(2, 8, kRgb, {"\1\2\3\xFF\0\0"s}), "").ids,
            (std::vector<uint32_t>{1 + 256 * 2 + 65536 * 3, 255}));
  EXPECT_EQ(decode_panoptic_png(raw_png(1, 8, kRgba, {"\1\2\3\xFF"s}), "").ids, std::vector<uint32_t>{0x030201});
}

TEST(PanopticPng, RoundTrip) {
  const TemporaryFolder folder;
  IdMap map{13, 17, std::vector<uint32_t>(13 * 17)};
  for (size_t i = 0; i < map.ids.size(); ++i) map.ids[i] = static_cast<uint32_t>(i * 75'437 % (1 << 24));
  write_panoptic_png(folder.path() / "a.png", map);
  EXPECT_EQ(read_panoptic_png(folder.path() / "a.png"), map);
  EXPECT_THROW(encode_panoptic_png({1, 1, {1 << 24}}), std::invalid_argument);
}

TEST(PanopticPng, RefusesOtherKinds) {
  const auto expect_refused = [](const std::string& bytes, const char* name) {
    expect_data_error([&] { decode_ids(bytes); }, {"a.png: is not an 8-bit RGB PNG", name, "65536 B"});
  };
  expect_refused(raw_png(1, 8, kGrey, {"a"}), "8 bits, grey");
  expect_refused(raw_png(1, 8, kPalette, {"\1"}), "palette");
  expect_refused(raw_png(1, 16, kRgb, {"abcdef"}), "16 bits, RGB");
  expect_data_error([] { decode_ids("no"); }, {"a.png: is not a PNG"});
}

TEST(PanopticPng, CutAndChangedFiles) {
  const std::string bytes = encode_panoptic_png({2, 3, {1, 2, 3, 4, 5, 600}});
  expect_error_when_cut(bytes, decode_ids);
  survive_mutations(bytes, 1000, decode_ids);
}

}  // namespace
}  // namespace glid
