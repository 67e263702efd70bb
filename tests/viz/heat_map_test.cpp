#include "glid/viz/heat_map.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "glid/viz/bar_chart.h"

namespace glid {
namespace {

using Color = std::array<int, 3>;
Color color_at(const Image& image, int64_t y, int64_t x) {
  const uint8_t* p = image.row(y) + x * 3;
  return {p[0], p[1], p[2]};
}

int blue_pixels(const Image& image) {
  int count = 0;
  for (size_t i = 0; i < image.pixels.size(); i += 3) count += image.pixels[i] == 0 && image.pixels[i + 2] == 178;
  return count;
}

TEST(HeatMap, EndsUnknownsAndValuesBeyond) {
  const std::vector<double> values = {0, 10, -5, 20, NAN, INFINITY};
  const Image image = heat_map(values, 2, 3, 0, 10);
  const Color low = color_at(image, 0, 0), high = color_at(image, 0, 1), unknown{160, 160, 160};
  EXPECT_LT(low[1], 30);    // dark violet
  EXPECT_GT(high[0], 200);  // yellow
  EXPECT_GT(high[1], 200);
  EXPECT_EQ(color_at(image, 0, 2), low);
  EXPECT_EQ(color_at(image, 1, 0), high);
  EXPECT_EQ(color_at(image, 1, 1), unknown);
  EXPECT_EQ(color_at(image, 1, 2), unknown);
}

TEST(HeatMap, RefusesWhatItCantDraw) {
  const std::vector<double> values(4);
  EXPECT_THROW(heat_map(values, 2, 3, 0, 1), std::invalid_argument);
  EXPECT_THROW(heat_map(values, 2, 2, 1, 1), std::invalid_argument);
  EXPECT_THROW(draw_matrix(values, 3, ""), std::invalid_argument);
}

TEST(Matrix, CellsAreWhereTheyBelong) {
  const std::vector<double> shares = {1, 0, 0, 1};
  const Image image = draw_matrix(shares, 2, "t");
  const int64_t quarter = image.height / 2 - 100, beyond = image.height / 2 + 100;
  EXPECT_EQ(color_at(image, quarter, quarter), color_at(image, beyond, beyond));
  EXPECT_EQ(color_at(image, quarter, beyond), color_at(image, beyond, quarter));
  EXPECT_NE(color_at(image, quarter, quarter), color_at(image, quarter, beyond));
}

TEST(Bars, LengthFollowsTheValue) {
  const int half = blue_pixels(draw_bars("PQ", {{"a", 0.5}}, 1));
  EXPECT_GT(half, 0);
  EXPECT_EQ(blue_pixels(draw_bars("PQ", {{"a", 1.0}}, 1)), 2 * half);
  EXPECT_EQ(blue_pixels(draw_bars("PQ", {{"a", 7.0}}, 1)), 2 * half);
  EXPECT_EQ(blue_pixels(draw_bars("PQ", {{"a", {}}}, 1)), 0);
  EXPECT_THROW(draw_bars("PQ", {}, 0), std::invalid_argument);
}

}  // namespace
}  // namespace glid
