#include "glid/viz/attention_picture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

namespace glid {
namespace {

int brightness(const Image& image, int64_t x, int64_t y) {
  const uint8_t* pixel = image.row(y) + 3 * x;
  return pixel[0] + pixel[1] + pixel[2];
}

constexpr int64_t kSide = 256, kGap = 4, kLine = 26;  // of a picture, around it, and of a line of text

// Cells of 130 px reach beyond the picture; the query looks at the lower right one.
TEST(AttentionPicture, IsBrightWhereTheQueryLooks) {
  const Image picture = Image::filled(kSide, kSide, 60);
  const Image drawn = attention_picture(picture, "query 1", Box{10, 20, 50, 60}, {{2, 2, {0, 0, 0.25, 0.75}, 130}});
  ASSERT_GT(drawn.width, 2 * kSide);
  const int64_t top = drawn.height - kLine - kSide - kGap, left = kGap, second = kSide + 2 * kGap;
  EXPECT_EQ(brightness(drawn, left + 100, top + 100), 180);
  for (const int64_t at : {left, second}) {
    const uint8_t* pixel = drawn.row(top + 20) + 3 * (at + 30);
    EXPECT_EQ(pixel[0], 255) << "around what the query asks about";
    EXPECT_EQ(pixel[1], 0);
  }
  EXPECT_GT(brightness(drawn, second + 220, top + 220), brightness(drawn, second + 10, top + 220));
  EXPECT_GT(brightness(drawn, second + 10, top + 220), brightness(drawn, second + 10, top + 10));
}

// A step from black to white: most of it is left where there is no weight.
TEST(AttentionPicture, LeavesThePictureToBeSeen) {
  Image picture = Image::filled(kSide, kSide, 0);
  for (int64_t y = 0; y < kSide; ++y) std::fill_n(picture.row(y) + 3 * kSide / 2, 3 * kSide / 2, uint8_t{255});
  const Image drawn = attention_picture(picture, "", {}, {{2, 2, {0, 0, 1, 1}, kSide / 2}});
  const int64_t top = drawn.height - kLine - kSide - kGap, second = kSide + 2 * kGap;
  const auto step = [&](int64_t y) {
    return brightness(drawn, second + 200, top + y) - brightness(drawn, second + 50, top + y);
  };
  EXPECT_GT(step(10), 3 * 255 * 0.6);
  EXPECT_LT(step(250), step(10));
}

// What stands above a map is its own largest weight, whatever the colours are alike.
TEST(AttentionPicture, TellsTheLargestWeightOfEachMap) {
  const Image picture = Image::filled(kSide, kSide, 60);
  EXPECT_NE(attention_picture(picture, "", {}, {{1, 2, {0.1, 0.2}, kSide}}),
            attention_picture(picture, "", {}, {{1, 2, {0.2, 0.4}, kSide}}));
}

TEST(AttentionPicture, TellsItsTitle) {
  const Image picture = Image::filled(kSide, kSide, 60);
  EXPECT_NE(attention_picture(picture, "query 1: cat 0.90", {}, {}),
            attention_picture(picture, "query 2: cat 0.90", {}, {}));
}

TEST(AttentionPicture, NeedsMapsThatCoverThePicture) {
  EXPECT_THROW(attention_picture(Image::filled(50, 50, 0), "", {}, {{1, 1, {1}, 40}}), std::invalid_argument);
  EXPECT_GE(attention_picture(Image::filled(1, 1, 0), "", {}, {{1, 1, {0}, 8}}).height, kSide) << "small ones are enlarged";
}

// Narrower than the line of colours, which is as wide as there is room.
TEST(AttentionPicture, MayBeNarrow) {
  const Image drawn = attention_picture(Image::filled(600, 16, 60), "query 1", {},
                                        std::vector(3, AttentionMap{38, 1, std::vector(38, 0.1), 16}));
  EXPECT_EQ(drawn.width, 4 * 16 + 5 * kGap);
  const int64_t in_bar = drawn.height - kLine + 12;
  EXPECT_NE(brightness(drawn, 24, in_bar), 3 * 255);
  EXPECT_EQ(brightness(drawn, drawn.width - 1, in_bar), 3 * 255);
  const Image narrowest = attention_picture(Image::filled(600, 1, 60), "", {}, {{38, 1, std::vector(38, 0.1), 16}});
  EXPECT_EQ(narrowest.width, 2 + 3 * kGap);
}

}  // namespace
}  // namespace glid
