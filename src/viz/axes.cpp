#include "axes.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "glid/viz/curve.h"

namespace glid {
namespace {

constexpr int kTop = 36, kBottom = 50, kRight = 28;  // px around the plot
constexpr int kNameRoom = 26;                        // px at the left for the name of y
constexpr int kTickGap = 7;                          // px from a number to its axis
constexpr int kPxARow = 44, kPxAColumn = 76;         // from tick to tick, at least

std::vector<double> ticks_of(const Range& range, int length, int px_a_tick) {
  return round_ticks(range.low, range.high, std::clamp(length / px_a_tick, 2, 10));
}

// Rounding leaves 0.30000000000000004 and the like.
std::string number(double value) { return format("{:.6g}", value); }

// Level or upright: antialiasing would blur it.
void thin_line(Image& image, cv::Point from, cv::Point to, const cv::Scalar& color) {
  cv::Mat view = view_of(image);
  cv::line(view, from, to, color, 1, cv::LINE_8);
}

void draw_rows(const Axes& axes, Image& image) {
  const cv::Rect& plot = axes.plot;
  for (const double value : ticks_of(axes.y, plot.height, kPxARow)) {
    const int row = static_cast<int>(std::lround(axes.row(value)));
    const std::string text = number(value);
    const cv::Size size = text_size(text, kTextScale);
    thin_line(image, {plot.x, row}, {plot.br().x, row}, kLightGrey);
    draw_text(image, text, {plot.x - kTickGap - size.width, row + size.height / 2}, kTextScale, kGrey);
  }
}

void draw_columns(const Axes& axes, Image& image) {
  const cv::Rect& plot = axes.plot;
  const int bottom = plot.br().y;
  for (const double value : ticks_of(axes.x, plot.width, kPxAColumn)) {
    const int column = static_cast<int>(std::lround(axes.column(value)));
    const std::string text = number(value);
    const cv::Size size = text_size(text, kTextScale);
    const int left = std::min(column - size.width / 2, static_cast<int>(image.width) - size.width - 2);
    thin_line(image, {column, bottom}, {column, bottom + 4}, kGrey);
    draw_text(image, text, {left, bottom + 8 + size.height}, kTextScale, kGrey);
  }
}

}  // namespace

void Range::include(double value) {
  if (!std::isfinite(value)) return;
  low = std::min(low, value);
  high = std::max(high, value);
}

Range Range::drawable() const {
  if (low > high) return {0, 1};
  if (low == high) return {low - std::max(std::abs(low), 1.0) / 2, high + std::max(std::abs(high), 1.0) / 2};
  return *this;
}

Axes fitted_axes(const Range& x, const Range& y, int height, int width) {
  const int plot_height = height - kTop - kBottom;
  int widest = 0;
  for (const double value : ticks_of(y, plot_height, kPxARow))
    widest = std::max(widest, text_size(number(value), kTextScale).width);
  const int left = kNameRoom + widest + kTickGap;
  return {x, y, cv::Rect(left, kTop, std::max(width - left - kRight, 1), plot_height)};
}

void draw_axes(const Axes& axes, const AxisNames& names, Image& image) {
  const cv::Rect& plot = axes.plot;
  draw_rows(axes, image);
  draw_columns(axes, image);
  thin_line(image, plot.tl(), {plot.x, plot.br().y}, kGrey);
  thin_line(image, {plot.x, plot.br().y}, plot.br(), kGrey);
  const int middle = plot.x + plot.width / 2, room = static_cast<int>(image.width);
  draw_text(image, names.x, {middle - text_size(names.x, kTextScale).width / 2, plot.br().y + kBottom - 8}, kTextScale,
            kGrey);
  draw_upright_text(image, names.y, {kNameRoom - 8, plot.y + plot.height / 2}, kTextScale, kGrey);
  draw_text(image, fitted(names.title, kTitleScale, room - plot.x), {plot.x, kTop - 14}, kTitleScale);
}

}  // namespace glid
