#include "glid/viz/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>

namespace glid {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

// The colour of the first series.
bool is_first_color(const uint8_t* pixel) { return pixel[0] == 0 && pixel[1] == 114 && pixel[2] == 178; }

// Rows of the plot (left of the legend) where the first series is drawn in column x; -1 where it is not.
int64_t top_row_of_series(const Image& image, int64_t x) {
  for (int64_t y = 0; y < image.height; ++y)
    if (is_first_color(image.row(y) + x * 3)) return y;
  return -1;
}

TEST(RoundTicks, AreRoundAndInside) {
  EXPECT_THAT(round_ticks(0, 1000, 6), ElementsAre(0, 200, 400, 600, 800, 1000));
  EXPECT_THAT(round_ticks(0.43, 0.97, 7), ElementsAre(DoubleNear(0.5, 1e-12), DoubleNear(0.6, 1e-12), DoubleNear(0.7, 1e-12),
                                                      DoubleNear(0.8, 1e-12), DoubleNear(0.9, 1e-12)));
  EXPECT_THAT(round_ticks(-3, 3, 4), ElementsAre(-2, 0, 2));
  EXPECT_TRUE(round_ticks(1, 1, 5).empty());
  for (const double scale : {1e-9, 1.0, 3e7}) {
    const auto ticks = round_ticks(-0.7 * scale, 2.9 * scale, 8);
    EXPECT_GE(ticks.size(), 3u);
    EXPECT_LE(ticks.size(), 8u);
  }
}

Chart one_line(std::vector<double> x, std::vector<double> y) { return {.series = {{"train", std::move(x), std::move(y)}}}; }

// Pixels of a colour in a part of the picture.
int count(const Image& image, std::array<int, 3> color, int64_t top, int64_t bottom, int64_t left = 0) {
  int found = 0;
  for (int64_t y = top; y < bottom; ++y)
    for (int64_t x = left; x < image.width; ++x)
      found += std::equal(color.begin(), color.end(), image.row(y) + 3 * x) ? 1 : 0;
  return found;
}

constexpr std::array<int, 3> kFirst{0, 114, 178}, kSecond{213, 94, 0};

TEST(Chart, AFallingSeriesFalls) {
  const Image image = draw_chart(one_line({0, 1000}, {1, 0}));
  EXPECT_EQ(image.width, 720);
  const int64_t early = top_row_of_series(image, 150), middle = top_row_of_series(image, 380);
  ASSERT_GE(early, 0);
  ASSERT_GE(middle, 0);
  EXPECT_LT(early + 50, middle);
}

TEST(Chart, BaselinesWidenTheRangeAndAreDrawn) {
  const Chart plain = one_line({0, 1}, {0.5, 0.5});
  Chart with = plain;
  with.baselines = {{"zero", 1.0}, {"not drawn", std::nan("")}};
  const Image before = draw_chart(plain), after = draw_chart(with);
  EXPECT_GT(top_row_of_series(after, 300), top_row_of_series(before, 300));
  const int drawn = count(after, kSecond, 0, with.height);
  EXPECT_GT(drawn, 100);
  EXPECT_LT(drawn, 620) << "dashed";
}

// The last point of a rising curve lies where a legend used to be.
TEST(Chart, TheLegendIsBelowAndHidesNothing) {
  Chart chart = one_line({0, 1, 2}, {0, 1, 1});
  const Image alone = draw_chart(chart);
  for (int i = 0; i < 4; ++i) chart.baselines.push_back({"a name that takes some room", std::nan("")});
  const Image image = draw_chart(chart);
  EXPECT_GT(alone.height, chart.height);
  EXPECT_GT(image.height, alone.height);
  const size_t axes = static_cast<size_t>(chart.height * chart.width * 3);
  EXPECT_TRUE(
      std::equal(alone.pixels.begin(), alone.pixels.begin() + static_cast<std::ptrdiff_t>(axes), image.pixels.begin()));
  EXPECT_GE(top_row_of_series(image, chart.width - 30), 0) << "to its end";
  EXPECT_GT(count(image, kFirst, chart.height, image.height), 20) << "its key";
}

TEST(Chart, BothAxesHaveNames) {
  Chart chart = one_line({0, 1}, {0, 1});
  const Image bare = draw_chart(chart);
  chart.y_label = "loss";
  const Image with_y = draw_chart(chart);
  chart.x_label = "steps";
  const Image with_both = draw_chart(chart);
  const auto differs = [&](const Image& a, const Image& b, int64_t row_from, int64_t row_to, int64_t column_to) {
    for (int64_t y = row_from; y < row_to; ++y)
      if (!std::equal(a.row(y), a.row(y) + 3 * column_to, b.row(y))) return true;
    return false;
  };
  EXPECT_TRUE(differs(bare, with_y, 200, 280, 26)) << "at the left, halfway up";
  EXPECT_TRUE(differs(with_y, with_both, chart.height - 30, chart.height, chart.width));
  EXPECT_FALSE(differs(bare, with_both, 36, 430, 4));
}

// Their keys in the legend, one below the other: each has a colour and dashes that no other has.
TEST(Chart, LinesStayApart) {
  Chart chart{.height = 120, .width = 160};  // too narrow for a second column
  for (int i = 0; i < 20; ++i) chart.series.push_back({"line with a long name", {}, {}});
  const Image image = draw_chart(chart);
  const int64_t line = (image.height - chart.height) / 20;
  std::set<std::vector<uint8_t>> keys;
  for (int64_t top = chart.height; top + line <= image.height; top += line) {
    std::vector<uint8_t> pixels;
    for (int64_t y = top; y < top + line; ++y) pixels.insert(pixels.end(), image.row(y), image.row(y) + 3 * 55);
    keys.insert(pixels);
  }
  EXPECT_EQ(keys.size(), 20u);
}

TEST(Chart, ASmoothedSeriesHasItsPointsBehind) {
  Chart chart = one_line({}, {});
  for (int i = 0; i < 100; ++i) {
    chart.series[0].x.push_back(i);
    chart.series[0].y.push_back(i % 2);
  }
  const Image raw = draw_chart(chart);
  chart.series[0].smoothing = 10;
  const Image smooth = draw_chart(chart);
  const auto rows_of_line = [&](const Image& image) {
    int64_t highest = image.height, lowest = 0;
    for (int64_t x = 400; x < 500; ++x)
      for (int64_t y = 0; y < chart.height; ++y)
        if (is_first_color(image.row(y) + 3 * x)) highest = std::min(highest, y), lowest = std::max(lowest, y);
    return lowest - highest;
  };
  EXPECT_GT(rows_of_line(raw), 300);
  EXPECT_LT(rows_of_line(smooth), 60);
  int num_light = 0;  // a bluish white, far from the line
  for (int64_t y = 60; y < 150; ++y)
    for (int64_t x = 400; x < 500; ++x) {
      const uint8_t* pixel = smooth.row(y) + 3 * x;
      num_light += pixel[0] > 150 && pixel[2] > pixel[0] + 20 ? 1 : 0;
      EXPECT_FALSE(is_first_color(pixel));
    }
  EXPECT_GT(num_light, 500);
}

TEST(Smoothed, IsATimeWeightedMean) {
  const std::vector<double> constant = smoothed(std::vector<double>{0, 1, 5}, std::vector<double>{3, 3, 3}, 2);
  EXPECT_THAT(constant, ElementsAre(DoubleNear(3, 1e-12), DoubleNear(3, 1e-12), DoubleNear(3, 1e-12)));
  const double kept = std::exp(-0.5);
  EXPECT_NEAR(smoothed(std::vector<double>{0, 1}, std::vector<double>{0, 1}, 2)[1], 1 / (1 + kept), 1e-12);
  EXPECT_NEAR(smoothed(std::vector<double>{0, 1000}, std::vector<double>{0, 1}, 2)[1], 1, 1e-12) << "long ago counts little";
  const std::vector<double> gap = smoothed(std::vector<double>{0, 1, 2}, std::vector<double>{1, std::nan(""), 3}, 1);
  EXPECT_TRUE(std::isnan(gap[1]));
  EXPECT_NEAR(gap[2], (std::exp(-2) + 3) / (std::exp(-2) + 1), 1e-12);
  EXPECT_THROW(smoothed(std::vector<double>{0}, std::vector<double>{0}, 0), std::invalid_argument);
}

TEST(Smoothed, TheUsualSpanIsRoundAndFollowsTheRun) {
  const auto steps = [](int count, double every) {
    std::vector<double> x;
    for (int i = 1; i <= count; ++i) x.push_back(every * i);
    return x;
  };
  EXPECT_EQ(usual_smoothing(steps(19, 10)), 0) << "few points are seen as they are";
  EXPECT_EQ(usual_smoothing(steps(40, 25)), 50);
  EXPECT_EQ(usual_smoothing(steps(2000, 50)), 5000);
}

TEST(Chart, NonFinitePointsInterruptTheLine) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Image image = draw_chart(one_line({0, 1, 2, 3, 4, 5}, {1, 1, nan, inf, 1, 1}));
  EXPECT_GE(top_row_of_series(image, 120), 0);
  EXPECT_EQ(top_row_of_series(image, 380), -1);
}

TEST(Chart, NothingToDrawIsStillAPicture) {
  EXPECT_EQ(draw_chart({}).height, 480);
  Chart point = one_line({3}, {2});
  point.height = 200;
  point.width = 300;
  EXPECT_EQ(draw_chart(point).width, 300);
  EXPECT_GT(count(draw_chart(point), kFirst, 0, 200), 4) << "a dot";
}

TEST(Chart, RefusesWhatCannotBeDrawn) {
  EXPECT_THROW(draw_chart(one_line({1, 2}, {1})), std::invalid_argument);
  EXPECT_THROW(draw_chart({.height = 20, .width = 300}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
