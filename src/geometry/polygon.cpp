#include "glid/geometry/polygon.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/format.h"

namespace glid {
namespace {

// maskApi.c walks every boundary in steps of a fifth of a pixel and notes where the walk passes a column's centre, that is
// from x = 5 * column + 2 to the x after it. Only those steps are computed here, so the cost depends on the columns of
// the image and not on the length of the boundary.
constexpr int64_t kScale = 5;
constexpr int64_t kCentre = 2;

struct Point {
  int64_t x, y;
};

// The reference's rounding: adds a half and cuts, also below zero.
int64_t add_half_and_cut(double value) { return static_cast<int64_t>(value + 0.5); }  // NOLINT(bugprone-incorrect-roundings)

int64_t upsample(double coordinate) { return add_half_and_cut(kScale * coordinate); }

class Crossings {
 public:
  Crossings(int64_t height, int64_t width) : height_(height), width_(width) {}

  void add_edge(Point a, Point b) {
    const int64_t dx = std::abs(b.x - a.x), dy = std::abs(b.y - a.y);
    const bool is_flat = dx >= dy;
    if (is_flat ? a.x > b.x : a.y > b.y) std::swap(a, b);
    if (dx == 0) return;
    const int64_t low = std::min(a.x, b.x), high = std::max(a.x, b.x);
    const int64_t first = low <= kCentre ? 0 : (low - kCentre + kScale - 1) / kScale;
    const int64_t last = high <= kCentre ? -1 : std::min((high - kCentre - 1) / kScale, width_ - 1);
    if (is_flat) add_flat(a, b, first, last);
    else add_steep(a, b, first, last);
  }

  // The positions in the mask's column-major order, ascending, and its end.
  std::vector<uint32_t> sorted() && {
    positions_.push_back(static_cast<uint32_t>(height_ * width_));
    std::sort(positions_.begin(), positions_.end());
    return std::move(positions_);
  }

 private:
  // One step a column, x ascending.
  void add_flat(Point a, Point b, int64_t first, int64_t last) {
    const double slope = static_cast<double>(b.y - a.y) / static_cast<double>(b.x - a.x);
    const auto y_at = [&](int64_t step) {
      return add_half_and_cut(static_cast<double>(a.y) + slope * static_cast<double>(step));
    };
    for (int64_t column = first; column <= last; ++column) {
      const int64_t step = kScale * column + kCentre - a.x;
      add(column, y_at(slope < 0 ? step + 1 : step));
    }
  }

  // One step a row, y ascending: the step that passes a column's centre is solved for, then made exact.
  void add_steep(Point a, Point b, int64_t first, int64_t last) {
    const int64_t num_steps = b.y - a.y;
    const double slope = static_cast<double>(b.x - a.x) / static_cast<double>(num_steps);
    const bool is_rising = slope > 0;
    for (int64_t column = first; column <= last; ++column) {
      const auto next_x = static_cast<double>(kScale * column + kCentre + 1);
      const auto is_past = [&](int64_t step) {
        return (static_cast<double>(a.x) + slope * static_cast<double>(step) + 0.5 >= next_x) == is_rising;
      };
      const double guess = std::ceil((next_x - 0.5 - static_cast<double>(a.x)) / slope);
      int64_t step = static_cast<int64_t>(std::clamp(guess, 1.0, static_cast<double>(num_steps)));
      while (step > 1 && is_past(step - 1)) --step;
      while (!is_past(step)) ++step;
      add(column, a.y + step - 1);
    }
  }

  // The first row whose centre is not above y; the row below the last one is the next column's first.
  void add(int64_t column, int64_t y) {
    const int64_t row = y <= kCentre ? 0 : std::min((y - kCentre + kScale - 1) / kScale, height_);
    positions_.push_back(static_cast<uint32_t>(column * height_ + row));
  }

  int64_t height_, width_;
  std::vector<uint32_t> positions_;
};

void check(std::span<const double> xy) {
  if (xy.size() < 6) throw DataError("", "has a polygon with fewer than 6 numbers", format("{}", xy.size()));
  if (xy.size() % 2) throw DataError("", "has a polygon with an odd number of coordinates", format("{}", xy.size()));
  for (const double value : xy) {
    if (!std::isfinite(value)) throw DataError("", "has a polygon coordinate that is no finite number", format("{}", value));
    if (std::abs(value) > kMaxPolygonCoordinate)
      throw DataError("", "has a polygon coordinate far outside of any image", format("{}", value));
  }
}

// Differences of neighbours. Where two crossings coincide they cancel and their neighbours' runs become one.
std::vector<uint32_t> runs_between(const std::vector<uint32_t>& positions) {
  std::vector<uint32_t> counts;
  counts.reserve(positions.size());
  counts.push_back(positions[0]);
  for (size_t i = 1; i < positions.size(); ++i) {
    if (positions[i] > positions[i - 1]) counts.push_back(positions[i] - positions[i - 1]);
    else if (++i < positions.size()) counts.back() += positions[i] - positions[i - 1];
  }
  return counts;
}

}  // namespace

Rle rle_from_polygon(std::span<const double> xy, int64_t height, int64_t width) {
  num_mask_pixels(height, width);
  check(xy);
  Crossings crossings(height, width);
  Point previous{upsample(xy[xy.size() - 2]), upsample(xy[xy.size() - 1])};
  for (size_t i = 0; i < xy.size(); i += 2) {
    const Point point{upsample(xy[i]), upsample(xy[i + 1])};
    crossings.add_edge(previous, point);
    previous = point;
  }
  return {height, width, runs_between(std::move(crossings).sorted())};
}

Rle rle_from_box(const BoxXywh& box, int64_t height, int64_t width) {
  const double x1 = box.x + box.width, y1 = box.y + box.height;
  const double corners[] = {box.x, box.y, box.x, y1, x1, y1, x1, box.y};
  return rle_from_polygon(corners, height, width);
}

}  // namespace glid
