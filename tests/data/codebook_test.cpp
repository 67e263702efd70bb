#include "glid/data/codebook.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/data/make_demo.h"
#include "glid/formats/image_file.h"
#include "glid/formats/safetensors.h"
#include "support/noise_image.h"
#include "support/small_codebook.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::StartsWith;

std::string message_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

TEST(Codebook, IsReadAsItIsWritten) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "new/codes.safetensors";
  const Codebook codebook = random_codebook(5, 4);
  write_codebook(file, codebook, {{"seed", "3"}});
  const Codebook read = read_codebook(file);
  EXPECT_EQ(read.patch_px, 4);
  EXPECT_EQ(read.size(), 5);
  EXPECT_EQ(read.codes, codebook.codes);
  EXPECT_EQ(read.counts, codebook.counts);
  EXPECT_EQ(SafetensorsFile(file).metadata().at("seed"), "3");
}

// Somebody else's, with no more than the two keys.
TEST(Codebook, NeedsNoCountsAndTakesAScalarPatch) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "codes.safetensors";
  const std::vector<float> codes(24, 0.5F);
  const int64_t patch = 2;
  const auto info = [](const char* dtype, std::vector<int64_t> shape, const auto* values, size_t bytes) {
    return TensorInfo{dtype, std::move(shape), reinterpret_cast<const std::byte*>(values), bytes, {}};
  };
  const TensorInfo right = info("F32", {2, 12}, codes.data(), 96), scalar = info("I64", {}, &patch, 8);
  const auto written = [&](const SafetensorsWriter::Tensors& tensors) {
    write_safetensors(file, tensors, {});
    return message_of([&] { read_codebook(file); });
  };
  EXPECT_EQ(written({{"codes", right}, {"patch", scalar}}), "");
  EXPECT_EQ(read_codebook(file).patch_px, 2);
  EXPECT_TRUE(read_codebook(file).counts.empty());

  EXPECT_EQ(written({{"codes", right}}), file.string() + ": is no codebook: it has no tensor `patch` (got codes)");
  EXPECT_THAT(written({{"codes", info("F64", {1, 12}, codes.data(), 96)}, {"patch", scalar}}),
              HasSubstr("`codes` must be F32 (got F64)"));
  EXPECT_THAT(written({{"codes", info("F32", {4, 6}, codes.data(), 96)}, {"patch", scalar}}),
              HasSubstr("`codes` must be [K, 12] for patches of 2 px, of two codes or more (got [4, 6])"));
  EXPECT_THAT(written({{"codes", info("F32", {1, 12}, codes.data(), 48)}, {"patch", scalar}}),
              HasSubstr("of two codes or more (got [1, 12])"));
  EXPECT_THAT(written({{"codes", right}, {"counts", scalar}, {"patch", scalar}}),
              HasSubstr("`counts` must have a number a code"));
  const std::vector<float> broken(24, NAN);
  EXPECT_THAT(written({{"codes", info("F32", {2, 12}, broken.data(), 96)}, {"patch", scalar}}), HasSubstr("not finite"));
}

class MakeCodebook : public testing::Test {
 protected:
  MakeCodebook() { make_demo({.out = scenes(), .count = 40, .size_px = 64}); }
  fs::path scenes() const { return folder_.path() / "scenes"; }
  CodebookOptions options(const char* name = "codes.safetensors") const {
    return {.data = scenes(), .out = folder_.path() / name, .size = 48, .patch_px = 8, .image_size_px = 48};
  }
  std::string error_of(const std::function<void(CodebookOptions&)>& change) const {
    CodebookOptions changed = options("refused.safetensors");
    change(changed);
    const std::string message = message_of([&] { make_codebook(changed); });
    EXPECT_FALSE(fs::exists(changed.out));
    return message;
  }
  TemporaryFolder folder_;
};

TEST_F(MakeCodebook, CodesAreNormalisedAndAllAreUsed) {
  make_codebook(options());
  const Codebook codebook = read_codebook(options().out);
  ASSERT_EQ(codebook.size(), 48);
  EXPECT_EQ(codebook.patch_px, 8);
  for (int64_t k = 0; k < codebook.size(); ++k) {
    const auto begin = codebook.codes.begin() + k * codebook.width(), end = begin + codebook.width();
    const double squares = std::inner_product(begin, end, begin, 0.0);
    EXPECT_NEAR(std::accumulate(begin, end, 0.0), 0, 1e-3);  // means of patches without a mean
    EXPECT_LE(squares, 191.001);
  }
  EXPECT_LE(std::ranges::count(codebook.counts, 0), 1);
  EXPECT_THAT(SafetensorsFile(options().out).metadata().at("made_by"), HasSubstr("a stand-in for the dVAE of BEiT"));
}

TEST_F(MakeCodebook, IsAFunctionOfImagesAndSeed) {
  make_codebook(options());
  CodebookOptions again = options("again/codes.safetensors"), other = options("other.safetensors");
  again.num_threads = 3;
  other.seed = 1;
  make_codebook(again);
  make_codebook(other);
  EXPECT_EQ(read_file(again.out), read_file(options().out));
  EXPECT_NE(read_codebook(other.out).codes, read_codebook(options().out).codes);
}

TEST_F(MakeCodebook, PassesOverWhatCanNotBeRead) {
  write_file(scenes() / "train/damaged.png", "no picture");
  EXPECT_EQ(message_of([&] { make_codebook(options()); }), "");
  EXPECT_EQ(read_codebook(options().out).size(), 48);
}

TEST_F(MakeCodebook, RefusesInALine) {
  EXPECT_THAT(error_of([&](CodebookOptions& o) { o.data = folder_.path() / "none"; }), HasSubstr("none: is not a folder"));
  fs::create_directory(folder_.path() / "empty");
  EXPECT_THAT(error_of([&](CodebookOptions& o) { o.data = folder_.path() / "empty"; }), HasSubstr("empty: holds no images"));
  EXPECT_EQ(error_of([](CodebookOptions& o) { o.size = 5000; }),
            "--size: must be at most the number of patches (got 5000); 40 images of 48 px have 1440 patches of 8 px");
  EXPECT_EQ(error_of([](CodebookOptions& o) { o.patch_px = 7; }),
            "--patch: must divide --image-size (got 7); --image-size is 48");
  write_file(folder_.path() / "file", "");
  EXPECT_THAT(error_of([&](CodebookOptions& o) { o.out = folder_.path() / "file/codes.safetensors"; }),
              StartsWith("--out: "));
  fs::create_directory(folder_.path() / "damaged");
  write_file(folder_.path() / "damaged/a.png", "");
  write_file(folder_.path() / "damaged/b.png", "");
  EXPECT_THAT(error_of([&](CodebookOptions& o) { o.data = folder_.path() / "damaged", o.size = 9; }),
              HasSubstr("damaged: 32 images in a row can't be read"));
}

}  // namespace
}  // namespace glid
