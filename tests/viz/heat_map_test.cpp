#include "glid/viz/heat_map.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "glid/viz/bar_chart.h"
#include "glid/viz/matrix_chart.h"

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

// "5.02 m" at each tick tells nothing.
TEST(ColorBar, NumbersOfANarrowScaleHaveTheirDigits) {
  const Image picture = Image::filled(160, 40, 0);
  const auto width = [&](double low, double high) { return with_color_bar(picture, {low, high, "m"}).width; };
  EXPECT_GT(width(5.0162, 5.0215), width(5.1, 5.9) + 10);
  EXPECT_EQ(width(5.1, 5.9), width(1.1, 1.9));
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
  EXPECT_THROW(with_color_bar(Image::filled(2, 2, 0), {1, 1, ""}), std::invalid_argument);
}

// As drawn on a large photograph.
TEST(ColorBar, GrowsWithItsPicture) {
  const Image usual = with_color_bar(Image::filled(200, 50, 0), {0, 10, "m"});
  const Image large = with_color_bar(Image::filled(600, 150, 0), {0, 10, "m"}, 3);
  EXPECT_EQ(large.width, 3 * usual.width);
  EXPECT_EQ(large.height, 600);
}

TEST(ColorBar, RunsFromTheHighestToTheLowestWithNumbers) {
  const Image picture = Image::filled(200, 50, 160), image = with_color_bar(picture, {0, 10, "m"});
  EXPECT_EQ(image.height, 200);
  EXPECT_GT(image.width, 50 + 50);
  const std::vector<double> ends = {0, 10};
  const Image colors = heat_map(ends, 1, 2, 0, 10);
  EXPECT_EQ(color_at(image, 0, 58), color_at(colors, 0, 1));
  EXPECT_EQ(color_at(image, 199, 58), color_at(colors, 0, 0));
  EXPECT_EQ(color_at(image, 100, 25), (Color{160, 160, 160}));
  EXPECT_NE(image, with_color_bar(picture, {0, 10, "km"}));
  EXPECT_NE(image, with_color_bar(picture, {0, 20, "m"})) << "other numbers";
}

MatrixChart matrix_of(size_t size) {
  MatrixChart chart{"t", "truth", "predicted", "share", {}, {}, std::vector<double>(size * size, 0)};
  for (size_t i = 0; i < size; ++i) {
    chart.rows.push_back("name " + std::to_string(i));
    chart.values[i * size + i] = 1;
  }
  chart.columns = chart.rows;
  return chart;
}

// Of the yellow squares: [row, column] of each one's first pixel.
std::vector<std::pair<int64_t, int64_t>> first_of_diagonal(const Image& image) {
  const std::vector<double> one = {1};
  const Color yellow = color_at(heat_map(one, 1, 1, 0, 1), 0, 0);
  std::vector<std::pair<int64_t, int64_t>> found;
  for (int64_t y = 1; y < image.height; ++y)
    for (int64_t x = 1; x < image.width - 80; ++x)  // left of the scale
      if (color_at(image, y, x) == yellow && color_at(image, y - 1, x) != yellow && color_at(image, y, x - 1) != yellow)
        found.emplace_back(y, x);
  return found;
}

TEST(Matrix, CellsAreWhereTheyBelong) {
  MatrixChart chart = matrix_of(20);
  const auto cells = first_of_diagonal(draw_matrix(chart));
  ASSERT_EQ(cells.size(), 20u);
  EXPECT_EQ(cells[19].first - cells[0].first, cells[19].second - cells[0].second);
  EXPECT_EQ(cells[0].first, cells[1].first - (cells[19].first - cells[0].first) / 19);
  chart.values.pop_back();
  EXPECT_THROW(draw_matrix(chart), std::invalid_argument);
}

TEST(Matrix, NamesStandAtBothSides) {
  const MatrixChart chart = matrix_of(20);
  const Image image = draw_matrix(chart);
  const auto cells = first_of_diagonal(image);
  const int64_t cell = cells[1].first - cells[0].first;
  const auto is_dark = [&](int64_t top, int64_t bottom, int64_t left, int64_t right) {
    for (int64_t y = top; y < bottom; ++y)
      for (int64_t x = left; x < right; ++x)
        if (color_at(image, y, x)[0] < 100) return true;
    return false;
  };
  const int64_t below = cells[19].first + cell;
  for (const auto& [row, column] : cells) {
    EXPECT_TRUE(is_dark(row, row + cell, 30, cells[0].second - 4)) << "left of row " << row;
    EXPECT_TRUE(is_dark(below + 4, below + 30, column, column + cell)) << "below column " << column;
  }
}

TEST(Matrix, ManyClassesKeepTheirNamesAndVeryManyKeepSome) {
  const Image ade = draw_matrix(matrix_of(150)), huge = draw_matrix(matrix_of(1000));
  const auto cells = first_of_diagonal(ade);
  ASSERT_EQ(cells.size(), 150u);
  EXPECT_GE(cells[1].first - cells[0].first, 11) << "px a name";
  EXPECT_LT(ade.width, 2000);
  EXPECT_LT(huge.width, 2600);
}

BarChart bars_of(std::optional<double> value) { return {"PQ by class", "class", "PQ (0 to 1)", {{"a", value}}}; }

TEST(Bars, LengthFollowsTheValue) {
  const int half = blue_pixels(draw_bars(bars_of(0.5)));
  EXPECT_GT(half, 0);
  EXPECT_EQ(blue_pixels(draw_bars(bars_of(1.0))), 2 * half);
  EXPECT_EQ(blue_pixels(draw_bars(bars_of(7.0))), 2 * half);
  EXPECT_EQ(blue_pixels(draw_bars(bars_of({}))), 0);
  EXPECT_THROW(draw_bars({.high = 0}), std::invalid_argument);
}

TEST(Bars, AnAxisTellsWhatTheyAre) {
  BarChart chart = bars_of(0.5);
  const Image image = draw_bars(chart);
  chart.value_label = "AP in %";
  EXPECT_NE(draw_bars(chart), image);
  chart = bars_of(0.5);
  chart.name_label = "area";
  EXPECT_NE(draw_bars(chart), image);
}

}  // namespace
}  // namespace glid
