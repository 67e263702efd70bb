#include "line_style.h"

#include <array>
#include <cmath>

#include <opencv2/imgproc.hpp>

namespace glid {
namespace {

constexpr std::array<Rgb, kNumLineColors> kColors{Rgb{0, 114, 178}, {213, 94, 0},   {0, 158, 115},  {204, 121, 167},
                                                  {230, 159, 0},    {86, 180, 233}, {100, 100, 100}};
const std::array<Dashes, 4> kDashes = {Dashes{}, {14, 7}, {10, 6, 2, 6}, {3, 7}};  // ever less ink

constexpr int kFractionBits = 4;  // of coordinates in OpenCV's drawing

cv::Point fixed(const cv::Point2d& p) {
  const auto whole = [](double v) { return static_cast<int>(std::lround(v * (1 << kFractionBits))); };
  return {whole(p.x), whole(p.y)};
}

// Antialiasing would blur a thin line that is level or upright.
void stroke(Image& image, const cv::Point2d& from, const cv::Point2d& to, const LineStyle& style) {
  cv::Mat view = view_of(image);
  const bool is_sharp = style.thickness == 1 && (from.x == to.x || from.y == to.y);
  cv::line(view, fixed(from), fixed(to), style.color, style.thickness, is_sharp ? cv::LINE_8 : cv::LINE_AA, kFractionBits);
}

LineStyle style_of(const LinePattern& pattern, int thickness) {
  const auto& [red, green, blue] = pattern.color;
  return {{double(red), double(green), double(blue)}, thickness, pattern.dashes};
}

// Where a pattern is on its way along a line.
struct Pen {
  const Dashes& dashes;
  size_t part = 0;  // of the pattern; the even ones are drawn
  double left;      // px of it

  bool is_down() const { return part % 2 == 0; }
  void advance(double length) {
    left -= length;
    if (left > 1e-9) return;
    part = (part + 1) % dashes.size();
    left = dashes[part];
  }
};

}  // namespace

size_t layer_of_line(size_t n, size_t num_lines) {
  constexpr size_t kMostWithoutDashes = 3;
  return num_lines > kMostWithoutDashes ? n % kDashes.size() : 0;
}

LinePattern pattern_of_line(size_t n, size_t num_lines) {
  return {kColors[n % kColors.size()], kDashes[layer_of_line(n, num_lines)]};
}

LinePattern pattern_of_baseline(size_t n, size_t num_lines) {
  return {kColors[(num_lines + n) % kColors.size()], kDashes[1 + n % (kDashes.size() - 1)]};
}

LineStyle style_of_line(size_t n, size_t num_lines) { return style_of(pattern_of_line(n, num_lines), 2); }

LineStyle style_of_baseline(size_t n, size_t num_lines) { return style_of(pattern_of_baseline(n, num_lines), 1); }

LineStyle lighter(LineStyle style) {
  constexpr double kLeft = 0.35;
  style.color = style.color * kLeft + kWhite * (1 - kLeft);
  style.thickness = 1;
  return style;
}

void draw_line(Image& image, std::span<const cv::Point2d> points, const LineStyle& style) {
  Pen pen{style.dashes, 0, style.dashes.empty() ? 0 : style.dashes[0]};
  for (size_t i = 0; i + 1 < points.size(); ++i) {
    if (style.dashes.empty()) {
      stroke(image, points[i], points[i + 1], style);
      continue;
    }
    const cv::Point2d way = points[i + 1] - points[i];
    const double length = std::hypot(way.x, way.y);
    for (double done = 0; done < length;) {
      const double step = std::min(pen.left, length - done);
      if (pen.is_down()) stroke(image, points[i] + way * (done / length), points[i] + way * ((done + step) / length), style);
      pen.advance(step);
      done += step;
    }
  }
}

}  // namespace glid
