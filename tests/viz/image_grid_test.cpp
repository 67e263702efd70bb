#include "glid/viz/image_grid.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace glid {
namespace {

uint8_t red_at(const Image& image, int64_t y, int64_t x) { return image.row(y)[x * 3]; }

TEST(Grid, PlacesImagesOnWhite) {
  const Image canvas = grid({{Image::filled(2, 3, 10), Image::filled(2, 3, 20)}, {Image::filled(2, 3, 30)}}, {}, 1);
  EXPECT_EQ(canvas.height, 1 + 2 + 1 + 2 + 1);
  EXPECT_EQ(canvas.width, 1 + 3 + 1 + 3 + 1);
  EXPECT_EQ(red_at(canvas, 1, 1), 10);
  EXPECT_EQ(red_at(canvas, 2, 7), 20);
  EXPECT_EQ(red_at(canvas, 4, 3), 30);
  EXPECT_EQ(red_at(canvas, 4, 5), 255);  // the missing fourth
  EXPECT_EQ(red_at(canvas, 0, 0), 255);
  EXPECT_EQ(red_at(canvas, 3, 2), 255);
}

TEST(Grid, CentresSmallImages) {
  const Image canvas = grid({{Image::filled(5, 5, 1), Image::filled(1, 3, 2)}}, {}, 0);
  EXPECT_EQ(canvas.height, 5);
  EXPECT_EQ(red_at(canvas, 2, 6), 2);
  EXPECT_EQ(red_at(canvas, 2, 5), 255);
  EXPECT_EQ(red_at(canvas, 1, 7), 255);
}

TEST(Grid, TitlesTakeALineAboveAndFitTheirColumn) {
  const std::vector<std::vector<Image>> rows = {{Image::filled(40, 60, 255), Image::filled(40, 60, 255)}};
  const Image plain = grid(rows, {}, 4);
  const Image titled = grid(rows, {"masked", "a title that is far too long for its column"}, 4);
  ASSERT_GT(titled.height, plain.height);
  const auto is_dark_column = [&](int64_t x) {
    for (int64_t y = 0; y < titled.height; ++y)
      if (red_at(titled, y, x) < 128) return true;
    return false;
  };
  bool first = false, second = false;
  for (int64_t x = 4; x < 64; ++x) first |= is_dark_column(x);
  for (int64_t x = 68; x < 128; ++x) second |= is_dark_column(x);
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  for (int64_t x : {0, 1, 2, 65, 66, 129, 130}) EXPECT_FALSE(is_dark_column(x)) << x;
  EXPECT_TRUE(std::all_of(titled.row(titled.height - 44), titled.row(titled.height), [](uint8_t v) { return v == 255; }));
}

TEST(Grid, ACaptionIsALineBelowAndKeepsTheImage) {
  const Image image = Image::filled(20, 80, 7);
  const Image named = captioned(image, "/a/very/long/path/that/does/not/fit/000001.jpg");
  EXPECT_EQ(named.width, 80);
  ASSERT_GT(named.height, 30);
  EXPECT_TRUE(std::equal(image.pixels.begin(), image.pixels.end(), named.pixels.begin()));
  EXPECT_TRUE(std::any_of(named.row(20), named.row(20) + 3 * 80 * 18, [](uint8_t v) { return v < 100; }));
  const Image other = captioned(image, "/another/path/that/does/not/fit/either/000001.jpg");
  EXPECT_TRUE(std::equal(named.row(20) + 3 * 30, named.row(20) + 3 * 80, other.row(20) + 3 * 30)) << "the ends are alike";
}

TEST(Grid, OneAboveTheOther) {
  const Image both = above(Image::filled(2, 3, 1), Image::filled(1, 5, 2));
  EXPECT_EQ(both.height, 3);
  EXPECT_EQ(red_at(both, 1, 2), 1);
  EXPECT_EQ(red_at(both, 1, 4), 255);
  EXPECT_EQ(red_at(both, 2, 4), 2);
}

TEST(Grid, NothingIsPaddingOnly) { EXPECT_EQ(grid({}, {}, 3), Image::filled(3, 3, 255)); }

}  // namespace
}  // namespace glid
