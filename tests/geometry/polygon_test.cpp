#include "glid/geometry/polygon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "glid/core/error.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::HasSubstr;

std::string string_of(const std::vector<double>& xy, int64_t height, int64_t width) {
  return rle_to_string(rle_from_polygon(xy, height, width));
}

std::string error_of(const std::vector<double>& xy, int64_t height = 4, int64_t width = 5) {
  try {
    rle_from_polygon(xy, height, width);
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

struct Step {
  int64_t x, y;
};

// Every step of an edge at five times the resolution, in the order of the polygon.
void walk_edge(Step a, Step b, std::vector<Step>& walk) {
  const int64_t dx = std::abs(b.x - a.x), dy = std::abs(b.y - a.y), length = std::max(dx, dy);
  const bool is_flat = dx >= dy, is_flipped = is_flat ? a.x > b.x : a.y > b.y;
  if (length == 0) return;
  if (is_flipped) std::swap(a, b);
  const double slope = static_cast<double>(is_flat ? b.y - a.y : b.x - a.x) / static_cast<double>(length);
  for (int64_t i = 0; i <= length; ++i) {
    const int64_t t = is_flipped ? length - i : i;
    const double minor = static_cast<double>(is_flat ? a.y : a.x) + slope * static_cast<double>(t) + 0.5;
    walk.push_back(is_flat ? Step{a.x + t, static_cast<int64_t>(minor)} : Step{static_cast<int64_t>(minor), a.y + t});
  }
}

// The rule as written, at the cost of the boundary's length: a column's pixels change where the walk passes its centre.
std::vector<uint8_t> walked_mask(const std::vector<double>& xy, int64_t height, int64_t width) {
  std::vector<Step> corners, walk;
  for (size_t i = 0; i < xy.size(); i += 2)
    corners.push_back({static_cast<int64_t>(5 * xy[i] + 0.5), static_cast<int64_t>(5 * xy[i + 1] + 0.5)});
  for (size_t i = 0; i < corners.size(); ++i) walk_edge(corners[i], corners[(i + 1) % corners.size()], walk);
  std::vector<int> changes(static_cast<size_t>(height * width + 1));
  for (size_t i = 1; i < walk.size(); ++i) {
    if (walk[i].x == walk[i - 1].x) continue;
    const double column = (static_cast<double>(std::min(walk[i].x, walk[i - 1].x)) + 0.5) / 5 - 0.5;
    if (column != std::floor(column) || column < 0 || column > static_cast<double>(width - 1)) continue;
    const double row = (static_cast<double>(std::min(walk[i].y, walk[i - 1].y)) + 0.5) / 5 - 0.5;
    const double clamped = std::ceil(std::clamp(row, 0.0, static_cast<double>(height)));
    ++changes[static_cast<size_t>(column * static_cast<double>(height) + clamped)];
  }
  std::vector<uint8_t> mask(static_cast<size_t>(height * width));
  int num_changes = 0;
  for (int64_t x = 0; x < width; ++x)
    for (int64_t y = 0; y < height; ++y) {
      num_changes += changes[static_cast<size_t>(x * height + y)];
      mask[static_cast<size_t>(y * width + x)] = num_changes % 2 == 1;
    }
  return mask;
}

// The strings are pycocotools'.
TEST(Polygon, ByHand) {
  EXPECT_EQ(string_of({1, 1, 3, 1, 3, 3, 1, 3}, 4, 5), "52207");
  EXPECT_EQ(string_of({1, 1, 4, 1, 1, 4}, 5, 5), "623O:");
  EXPECT_EQ(string_of({-10, -10, 50, -10, 50, 50, -10, 50}, 3, 4), "0<");  // all of the image: the first run is empty
  EXPECT_EQ(string_of({2, 2, 2, 2, 2, 2}, 4, 4), "`0");
  EXPECT_EQ(string_of({1.5, 0, 1.5, 3, 3.5, 3, 3.5, 0}, 4, 5), "83104");  // half pixels
  EXPECT_EQ(string_of({10, 10, 12, 10, 12, 12}, 4, 4), "`0");             // beside the image
}

TEST(Polygon, IsTheWalkAlongItsBoundary) {
  Rng rng(1, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 3000; ++trial) {
    const auto height = static_cast<int64_t>(rng.below(30)) + 1, width = static_cast<int64_t>(rng.below(30)) + 1;
    const double spread = trial % 3 == 0 ? 200 : 10;  // how far vertices lie outside
    std::vector<double> xy;
    for (uint64_t i = rng.below(10) + 3; i > 0; --i) {
      xy.push_back(rng.uniform(-spread, static_cast<double>(width) + spread));
      xy.push_back(rng.uniform(-spread, static_cast<double>(height) + spread));
      if (trial % 2) *(xy.end() - 2) = std::round(*(xy.end() - 2)), xy.back() = std::round(xy.back());
      if (rng.below(4) == 0) xy.insert(xy.end(), {*(xy.end() - 2), *(xy.end() - 1)});
    }
    ASSERT_EQ(mask_from_rle(rle_from_polygon(xy, height, width)), walked_mask(xy, height, width)) << trial;
  }
}

TEST(Polygon, DirectionAndFirstVertexDontMatter) {
  const std::vector<double> xy{2.3, 1.1, 17.9, 4.2, 9.4, 15.8, 3, 11};
  std::vector<double> turned(xy.begin() + 2, xy.end()), reversed;
  turned.insert(turned.end(), xy.begin(), xy.begin() + 2);
  for (size_t i = xy.size(); i > 0; i -= 2) reversed.insert(reversed.end(), {xy[i - 2], xy[i - 1]});
  EXPECT_EQ(string_of(turned, 20, 20), string_of(xy, 20, 20));
  EXPECT_EQ(string_of(reversed, 20, 20), string_of(xy, 20, 20));
}

TEST(Polygon, HugeOnesAreCheapAndRight) {
  const double far = kMaxPolygonCoordinate;
  EXPECT_EQ(string_of({-far, -far, far, -far, far, far, -far, far}, 3, 4), "0<");
  EXPECT_EQ(string_of({0, -far, 2, -far, 2, far, 0, far}, 3, 4), "066");
  const Rle diagonal = rle_from_polygon(std::vector<double>{-far, -far, far, far, -far, far}, 100, 100);
  EXPECT_EQ(rle_area(diagonal), 100u * 101 / 2);
}

TEST(Polygon, EmptyImages) {
  EXPECT_EQ(rle_area(rle_from_polygon(std::vector<double>{0, 0, 9, 0, 9, 9}, 0, 5)), 0u);
  EXPECT_EQ(rle_area(rle_from_polygon(std::vector<double>{0, 0, 9, 0, 9, 9}, 5, 0)), 0u);
}

TEST(Polygon, BoxIsThePolygonOfItsCorners) {
  EXPECT_EQ(rle_to_string(rle_from_box({1, 1, 2, 2}, 4, 5)), "52207");
  EXPECT_EQ(rle_box(rle_from_box({3, 4, 10, 20}, 30, 40)), (BoxXywh{3, 4, 10, 20}));
  EXPECT_EQ(rle_area(rle_from_box({3, 4, 0, 20}, 30, 40)), 0u);
}

TEST(Polygon, BadInputIsNamed) {
  EXPECT_EQ(error_of({1, 2, 3, 4}), "has a polygon with fewer than 6 numbers (got 4)");
  EXPECT_EQ(error_of({}), "has a polygon with fewer than 6 numbers (got 0)");
  EXPECT_EQ(error_of({1, 2, 3, 4, 5, 6, 7}), "has a polygon with an odd number of coordinates (got 7)");
  EXPECT_EQ(error_of({1, 2, 3, 4, 5, std::numeric_limits<double>::quiet_NaN()}),
            "has a polygon coordinate that is no finite number (got nan)");
  EXPECT_THAT(error_of({1, 2, 3, 4, 5, -std::numeric_limits<double>::infinity()}), HasSubstr("-inf"));
  EXPECT_EQ(error_of({1, 2, 3, 4, 5, 1e300}), "has a polygon coordinate far outside of any image (got 1e+300)");
  EXPECT_THAT(error_of({1, 2, 3, 4, 5, 6}, -4, 5), HasSubstr("impossible mask size"));
}

}  // namespace
}  // namespace glid
