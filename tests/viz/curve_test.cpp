#include "glid/viz/curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

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

TEST(Chart, AFallingSeriesFalls) {
  const Image image = draw_chart({"loss", "step", {{"train", {0, 1000}, {1, 0}}}, {}});
  ASSERT_EQ(image.height, 480);
  ASSERT_EQ(image.width, 720);
  const int64_t early = top_row_of_series(image, 150), middle = top_row_of_series(image, 380);
  ASSERT_GE(early, 0);
  ASSERT_GE(middle, 0);
  EXPECT_LT(early + 50, middle);
}

TEST(Chart, BaselinesWidenTheRangeAndAreDrawn) {
  const Chart plain{"", "", {{"train", {0, 1}, {0.5, 0.5}}}, {}};
  Chart with = plain;
  with.baselines = {{"zero", 1.0}, {"not drawn", std::nan("")}};
  const Image before = draw_chart(plain), after = draw_chart(with);
  EXPECT_GT(top_row_of_series(after, 300), top_row_of_series(before, 300));
  int num_dashed = 0;
  for (int64_t y = 0; y < after.height; ++y)
    for (int64_t x = 100; x < 300; ++x) num_dashed += after.row(y)[x * 3] == 213 && after.row(y)[x * 3 + 1] == 94;
  EXPECT_GT(num_dashed, 50);
}

TEST(Chart, NonFinitePointsInterruptTheLine) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Image image = draw_chart({"", "", {{"a", {0, 1, 2, 3, 4, 5}, {1, 1, nan, inf, 1, 1}}}, {}});
  EXPECT_GE(top_row_of_series(image, 120), 0);
  EXPECT_EQ(top_row_of_series(image, 380), -1);
}

TEST(Chart, NothingToDrawIsStillAPicture) {
  EXPECT_EQ(draw_chart({}).height, 480);
  EXPECT_EQ(draw_chart({"one point", "x", {{"a", {3}, {2}}}, {}, 200, 300}).width, 300);
}

TEST(Chart, RefusesWhatCannotBeDrawn) {
  EXPECT_THROW(draw_chart({"", "", {{"a", {1, 2}, {1}}}, {}}), std::invalid_argument);
  EXPECT_THROW(draw_chart({"", "", {}, {}, 20, 300}), std::invalid_argument);
}

}  // namespace
}  // namespace glid
