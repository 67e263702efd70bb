#include "glid/viz/curve.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "axes.h"
#include "glid/core/format.h"
#include "glid/viz/chart_parts.h"
#include "line_style.h"

namespace glid {
namespace {

constexpr double kHeadroom = 0.05;     // of the y range, above and below
constexpr size_t kMostMarked = 25;     // points of a line that are marked one by one
constexpr int kKey = 40;               // px of line before a name in the legend
constexpr int kKeyGap = 8, kGap = 20;  // px from a key to its name, from a name to the next key
constexpr int kLegendLeft = 14, kLegendBottom = 10;

Range range_of(const std::optional<AxisRange>& given, const Range& found) {
  return given ? Range{(*given)[0], (*given)[1]} : found;
}

void draw_dot(Image& image, const cv::Point2d& place, const LineStyle& style) {
  cv::Mat view = view_of(image);
  cv::circle(view, place, style.thickness + 1, style.color, cv::FILLED, cv::LINE_AA);
}

// Pieces between points that are not finite; few points, and those that stand alone, are marked.
void draw_points(const Axes& axes, const Series& series, const std::vector<double>& values, const LineStyle& style,
                 Image& image) {
  const bool is_marked = values.size() <= kMostMarked && style.thickness > 1;
  std::vector<cv::Point2d> piece;
  for (size_t i = 0; i <= values.size(); ++i) {
    if (i < values.size() && std::isfinite(series.x[i]) && std::isfinite(values[i])) {
      piece.emplace_back(axes.column(series.x[i]), axes.row(values[i]));
      continue;
    }
    draw_line(image, piece, style);
    if (is_marked || piece.size() == 1)
      for (const cv::Point2d& place : piece) draw_dot(image, place, style);
    piece.clear();
  }
}

void draw_series(const Axes& axes, const Chart& chart, Image& image) {
  const size_t count = chart.series.size();
  for (size_t i = 0; i < count; ++i)
    if (const Series& series = chart.series[i]; series.smoothing > 0)
      draw_points(axes, series, series.y, lighter(style_of_line(i, count)), image);
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](size_t i) { return layer_of_line(i, count); });
  for (const size_t i : order) {
    const Series& series = chart.series[i];
    const bool is_smooth = series.smoothing > 0;
    const std::vector<double> values = is_smooth ? smoothed(series.x, series.y, series.smoothing) : series.y;
    draw_points(axes, series, values, style_of_line(i, count), image);
  }
}

void draw_baselines(const Axes& axes, const Chart& chart, Image& image) {
  for (size_t i = 0; i < chart.baselines.size(); ++i) {
    const double y = chart.baselines[i].y;
    if (!std::isfinite(y)) continue;
    const double left = axes.plot.x, right = axes.plot.br().x, row = std::round(axes.row(y));
    draw_line(image, std::vector<cv::Point2d>{{left, row}, {right, row}}, style_of_baseline(i, chart.series.size()));
  }
}

struct Entry {
  std::string name;
  LineStyle style;
  bool has_points_behind = false;
};

std::vector<Entry> entries_of(const Chart& chart) {
  std::vector<Entry> entries;
  for (size_t i = 0; i < chart.series.size(); ++i)
    entries.push_back(
        {legend_name(chart.series[i], chart.x_label), style_of_line(i, chart.series.size()), chart.series[i].smoothing > 0});
  for (size_t i = 0; i < chart.baselines.size(); ++i)
    entries.push_back({chart.baselines[i].name, style_of_baseline(i, chart.series.size())});
  return entries;
}

// Columns of equal width, filled from above.
struct Legend {
  std::vector<Entry> entries;
  int column = 0;  // px
  int rows = 0;

  Legend(std::vector<Entry> all, int width) : entries(std::move(all)) {
    if (entries.empty()) return;
    const int room = width - 2 * kLegendLeft;
    for (const Entry& entry : entries)
      column = std::max(column, text_size(entry.name, kTextScale).width + kKey + kKeyGap + kGap);
    const int num_columns = std::clamp(room / column, 1, static_cast<int>(entries.size()));
    column = std::min(column, room);
    rows = (static_cast<int>(entries.size()) + num_columns - 1) / num_columns;
  }
  int height() const { return rows == 0 ? 0 : rows * kTextLine + kLegendBottom; }
};

void draw_entry(const Entry& entry, cv::Point2d left_middle, int width, Image& image) {
  const std::vector<cv::Point2d> key = {left_middle, left_middle + cv::Point2d(kKey, 0)};
  if (entry.has_points_behind) {
    const cv::Point2d quarter(kKey / 4., 0), high(0, 5);
    draw_line(image, std::vector<cv::Point2d>{key[0], key[0] + quarter - high, key[1] - quarter + high, key[1]},
              lighter(entry.style));
  }
  draw_line(image, key, entry.style);
  const cv::Point origin(static_cast<int>(left_middle.x) + kKey + kKeyGap, static_cast<int>(left_middle.y) + 5);
  draw_text(image, fitted(entry.name, kTextScale, width - kKey - kKeyGap), origin, kTextScale);
}

void draw_legend(const Legend& legend, int top, Image& image) {
  for (size_t i = 0; i < legend.entries.size(); ++i) {
    const int column = static_cast<int>(i) / legend.rows, row = static_cast<int>(i) % legend.rows;
    const cv::Point2d place(kLegendLeft + column * legend.column, top + row * kTextLine + kTextLine / 2);
    draw_entry(legend.entries[i], place, legend.column, image);
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

ChartRanges ranges_of(const Chart& chart) {
  Range x, y;
  for (const Series& series : chart.series) {
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (!std::isfinite(series.y[i])) continue;
      x.include(series.x[i]);
      y.include(series.y[i]);
    }
  }
  for (const Baseline& baseline : chart.baselines) y.include(baseline.y);
  return {range_of(chart.x_range, x.drawable()), range_of(chart.y_range, y.drawable().widened(kHeadroom))};
}

std::string legend_name(const Series& series, const std::string& x_label) {
  if (!(series.smoothing > 0)) return series.name;
  const std::string unit = series.smoothing == 1 && x_label.ends_with('s') ? x_label.substr(0, x_label.size() - 1) : x_label;
  return format("{}: EMA over {:g} {}, values behind", series.name, series.smoothing, unit);
}

Image draw_chart(const Chart& chart) {
  check(chart);
  const Legend legend(entries_of(chart), chart.width);
  Image image = Image::filled(chart.height + legend.height(), chart.width, 255);
  const auto [x, y] = ranges_of(chart);
  const Axes axes = fitted_axes(x, y, chart.height, chart.width);
  draw_axes(axes, {chart.title, chart.x_label, chart.y_label}, image);
  draw_baselines(axes, chart, image);
  draw_series(axes, chart, image);
  draw_legend(legend, chart.height, image);
  return image;
}

}  // namespace glid
