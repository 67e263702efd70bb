#include "glid/viz/attention_picture.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace glid {
namespace {

int brightness(const Image& image, int64_t x, int64_t y) {
  const uint8_t* pixel = image.row(y) + 3 * x;
  return pixel[0] + pixel[1] + pixel[2];
}

// Cells of 100 px reach beyond the picture; the query looks at the lower right one.
TEST(AttentionPicture, IsBrightWhereTheQueryLooks) {
  const Image picture = Image::filled(192, 192, 60);
  const Image drawn = attention_picture(picture, "query 1", Box{10, 20, 50, 60}, {{2, 2, {0, 0, 0.25, 0.75}, 100}});
  ASSERT_GT(drawn.width, 2 * 192);
  const int64_t top = drawn.height - 192 - 4, left = 4, second = 192 + 2 * 4;
  EXPECT_EQ(brightness(drawn, left + 100, top + 100), 180);
  EXPECT_EQ((drawn.row(top + 20) + 3 * (left + 30))[0], 255) << "around what the query asks about";
  EXPECT_GT(brightness(drawn, second + 170, top + 170), brightness(drawn, second + 10, top + 170));
  EXPECT_GT(brightness(drawn, second + 10, top + 170), brightness(drawn, second + 10, top + 10));
}

TEST(AttentionPicture, TellsItsTitle) {
  const Image picture = Image::filled(192, 192, 60);
  EXPECT_NE(attention_picture(picture, "query 1: cat 0.90", {}, {}),
            attention_picture(picture, "query 2: cat 0.90", {}, {}));
}

TEST(AttentionPicture, NeedsMapsThatCoverThePicture) {
  EXPECT_THROW(attention_picture(Image::filled(50, 50, 0), "", {}, {{1, 1, {1}, 40}}), std::invalid_argument);
  EXPECT_GE(attention_picture(Image::filled(1, 1, 0), "", {}, {{1, 1, {0}, 8}}).height, 192) << "small ones are enlarged";
}

}  // namespace
}  // namespace glid
