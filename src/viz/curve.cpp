#include "glid/viz/curve.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr double kTextScale = 0.4;
constexpr double kTitleScale = 0.55;
constexpr int kLeft = 64, kRight = 16, kTop = 32, kBottom = 44;  // px around the plot
constexpr int kLegendLine = 16;                                  // px from one entry to the next
constexpr int kLegendKey = 24;                                   // px of line before the name
constexpr double kHeadroom = 0.05;                               // of the y range, above and below
constexpr int kDash = 6;                                         // px
const cv::Scalar kGrey{110, 110, 110}, kLightGrey{226, 226, 226};

// Colours that stay apart in the common kinds of colour blindness (Okabe and Ito 2008).
const std::array<cv::Scalar, 7> kColors = {cv::Scalar{0, 114, 178}, {213, 94, 0},   {0, 158, 115},  {204, 121, 167},
                                           {230, 159, 0},           {86, 180, 233}, {100, 100, 100}};

const cv::Scalar& color_of(size_t index) { return kColors[index % kColors.size()]; }

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  void include(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  // Something to draw for no values or a single one.
  Range drawable() const {
    if (low > high) return {0, 1};
    if (low == high) return {low - std::max(std::abs(low), 1.0) / 2, high + std::max(std::abs(high), 1.0) / 2};
    return *this;
  }
  Range widened(double part) const { return {low - (high - low) * part, high + (high - low) * part}; }
};

// Data to pixels.
struct Axes {
  Range x, y;
  int height, width;

  int column(double value) const {
    return kLeft + static_cast<int>(std::lround((value - x.low) / (x.high - x.low) * (width - kLeft - kRight)));
  }
  int row(double value) const {
    return height - kBottom - static_cast<int>(std::lround((value - y.low) / (y.high - y.low) * (height - kTop - kBottom)));
  }
};

Axes axes_of(const Chart& chart) {
  Range x, y;
  for (const Series& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.y[i])) continue;
      x.include(series.x[i]);
      y.include(series.y[i]);
    }
  }
  for (const Baseline& baseline : chart.baselines) y.include(baseline.y);
  return {x.drawable(), y.drawable().widened(kHeadroom), chart.height, chart.width};
}

// Thin lines are level or upright and drawn without antialiasing, which would blur them.
void line(Image& image, cv::Point from, cv::Point to, const cv::Scalar& color, int thickness = 1) {
  cv::Mat view = view_of(image);
  cv::line(view, from, to, color, thickness, thickness == 1 ? cv::LINE_8 : cv::LINE_AA);
}

void dashed_line(Image& image, int row, int left, int right, const cv::Scalar& color) {
  for (int x = left; x < right; x += 2 * kDash) line(image, {x, row}, {std::min(x + kDash, right), row}, color);
}

void draw_axes(const Axes& axes, const Chart& chart, Image& image) {
  const int right = axes.width - kRight, bottom = axes.height - kBottom;
  for (const double value : round_ticks(axes.y.low, axes.y.high, 8)) {
    const std::string text = format("{:g}", value);
    const cv::Size size = text_size(text, kTextScale);
    line(image, {kLeft, axes.row(value)}, {right, axes.row(value)}, kLightGrey);
    draw_text(image, text, {kLeft - 6 - size.width, axes.row(value) + size.height / 2}, kTextScale, kGrey);
  }
  for (const double value : round_ticks(axes.x.low, axes.x.high, 8)) {
    const std::string text = format("{:g}", value);
    line(image, {axes.column(value), bottom}, {axes.column(value), bottom + 4}, kGrey);
    draw_text(image, text, {axes.column(value) - text_size(text, kTextScale).width / 2, bottom + 18}, kTextScale, kGrey);
  }
  line(image, {kLeft, kTop}, {kLeft, bottom}, kGrey);
  line(image, {kLeft, bottom}, {right, bottom}, kGrey);
  const int label_left = (kLeft + right - text_size(chart.x_label, kTextScale).width) / 2;
  draw_text(image, chart.x_label, {label_left, axes.height - 8}, kTextScale, kGrey);
  draw_text(image, chart.title, {kLeft, kTop - 12}, kTitleScale);
}

void draw_series(const Axes& axes, const Series& series, const cv::Scalar& color, Image& image) {
  const auto is_point = [&](size_t i) { return std::isfinite(series.x[i]) && std::isfinite(series.y[i]); };
  const auto place = [&](size_t i) { return cv::Point{axes.column(series.x[i]), axes.row(series.y[i])}; };
  for (size_t i = 0; i < series.x.size(); ++i)
    if (is_point(i)) line(image, place(i > 0 && is_point(i - 1) ? i - 1 : i), place(i), color, 2);
}

void draw_baselines(const Axes& axes, const Chart& chart, Image& image) {
  for (size_t i = 0; i < chart.baselines.size(); ++i) {
    const double y = chart.baselines[i].y;
    if (!std::isfinite(y)) continue;
    dashed_line(image, axes.row(y), kLeft, chart.width - kRight, color_of(chart.series.size() + i));
  }
}

void draw_legend(const Chart& chart, Image& image) {
  std::vector<std::string> names;
  for (const Series& series : chart.series) names.push_back(series.name);
  for (const Baseline& baseline : chart.baselines) names.push_back(baseline.name);
  if (names.empty()) return;
  int widest = 0;
  for (const std::string& name : names) widest = std::max(widest, text_size(name, kTextScale).width);
  const cv::Rect box(chart.width - kRight - widest - kLegendKey - 18, kTop + 2, widest + kLegendKey + 16,
                     static_cast<int>(names.size()) * kLegendLine + 6);
  cv::Mat view = view_of(image);
  cv::rectangle(view, box, {255, 255, 255}, cv::FILLED);
  cv::rectangle(view, box, kLightGrey);
  const int left = box.x + 6;
  int row = box.y + kLegendLine / 2 + 3;
  for (size_t i = 0; i < names.size(); ++i, row += kLegendLine) {
    if (i < chart.series.size()) line(image, {left, row}, {left + kLegendKey - 6, row}, color_of(i), 2);
    else dashed_line(image, row, left, left + kLegendKey - 6, color_of(i));
    draw_text(image, names[i], {left + kLegendKey, row + 4}, kTextScale);
  }
}

void check(const Chart& chart) {
  if (chart.height < 120 || chart.width < 160) throw std::invalid_argument("draw_chart: the picture is too small");
  for (const Series& series : chart.series)
    if (series.x.size() != series.y.size()) throw std::invalid_argument("draw_chart: x and y of " + series.name + " differ");
}

}  // namespace

std::vector<double> round_ticks(double low, double high, int max_ticks) {
  const double rough = (high - low) / std::max(max_ticks - 1, 1);
  if (!(rough > 0) || !std::isfinite(rough)) return {};
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (factor * power >= rough) step = factor * power;
  std::vector<double> ticks;
  const double first = std::ceil(low / step - 1e-9) + 0.0;  // never -0
  for (double i = first; i * step <= high + step * 1e-9; ++i) ticks.push_back(i * step);
  return ticks;
}

Image draw_chart(const Chart& chart) {
  check(chart);
  Image image = Image::filled(chart.height, chart.width, 255);
  const Axes axes = axes_of(chart);
  draw_axes(axes, chart, image);
  draw_baselines(axes, chart, image);
  for (size_t i = 0; i < chart.series.size(); ++i) draw_series(axes, chart.series[i], color_of(i), image);
  draw_legend(chart, image);
  return image;
}

}  // namespace glid
