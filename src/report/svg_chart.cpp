#include "svg_chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "glid/core/format.h"
#include "glid/viz/chart_parts.h"
#include "glid/viz/line_pattern.h"

namespace glid {
namespace {

// Units of the drawing, which is as wide as its column: about a pixel on a phone.
constexpr double kWidth = 480, kHeight = 280;
constexpr double kLeft = 78, kRight = 18, kTop = 12, kBottom = 46;
constexpr size_t kMostPoints = 400, kMostRows = 60, kMostMarked = 25;
constexpr int kMostColumns = 7, kMostRowTicks = 9;  // of at most nine round ticks there are three at least

struct PlotFrame {
  Range x, y;

  double column(double value) const { return kLeft + (value - x.low) / (x.high - x.low) * (kWidth - kLeft - kRight); }
  double row(double value) const {
    return kHeight - kBottom - (value - y.low) / (y.high - y.low) * (kHeight - kTop - kBottom);
  }
};

std::string px(double value) { return format("{:.1f}", value); }
std::string short_text(double value) { return format("{:.6g}", value); }

std::string line_class(size_t n) { return format("line l{}", n % kNumLineColors); }

std::string dashes_text(const Dashes& dashes) {
  std::string text;
  for (const double length : dashes) text += format("{}{:g}", text.empty() ? "" : " ", length);
  return text.empty() ? "none" : text;
}

Html svg_text(double x, double y, const char* anchor, const std::string& text) {
  return html_element("text", {{"x", px(x)}, {"y", px(y)}, {"text-anchor", anchor}}, html_text(text));
}

Html svg_line(const char* kind, double x1, double y1, double x2, double y2) {
  return html_void("line", {{"class", kind}, {"x1", px(x1)}, {"y1", px(y1)}, {"x2", px(x2)}, {"y2", px(y2)}});
}

Html axes_of(const PlotFrame& frame, const std::string& x_label) {
  const double bottom = kHeight - kBottom, right = kWidth - kRight;
  Html axes;
  for (const double value : round_ticks(frame.y.low, frame.y.high, kMostRowTicks)) {
    const double row = frame.row(value);
    axes += svg_line("grid", kLeft, row, right, row) + svg_text(kLeft - 6, row + 4, "end", short_text(value));
  }
  for (const double value : round_ticks(frame.x.low, frame.x.high, kMostColumns)) {
    const double column = frame.column(value);
    axes +=
        svg_line("axis", column, bottom, column, bottom + 4) + svg_text(column, bottom + 20, "middle", short_text(value));
  }
  axes += svg_line("axis", kLeft, bottom, right, bottom) + svg_line("axis", kLeft, kTop, kLeft, bottom);
  return axes + svg_text((kLeft + right) / 2, kHeight - 6, "middle", x_label);
}

// Of each bucket of points the smallest and the largest, in their order.
std::vector<size_t> drawn_points(const std::vector<double>& values) {
  std::vector<size_t> points;
  const size_t bucket = values.size() > kMostPoints ? (2 * values.size() + kMostPoints - 1) / kMostPoints : 1;
  for (size_t begin = 0; begin < values.size(); begin += bucket) {
    const auto first = values.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = values.begin() + static_cast<std::ptrdiff_t>(std::min(begin + bucket, values.size()));
    const auto [low, high] = std::minmax_element(first, last);
    const auto [left, right] = std::minmax(low, high);
    points.push_back(static_cast<size_t>(left - values.begin()));
    if (left != right) points.push_back(static_cast<size_t>(right - values.begin()));
  }
  return points;
}

Html dot(const PlotFrame& frame, double x, double y, size_t n) {
  return html_void(
      "circle",
      {{"class", format("dot l{}", n % kNumLineColors)}, {"cx", px(frame.column(x))}, {"cy", px(frame.row(y))}, {"r", "3"}});
}

struct Line {
  size_t n = 0, num_lines = 0;  // which of the chart's
  bool is_behind = false;       // what a smoothed line is made of
};

Html line_of(const PlotFrame& frame, const std::vector<double>& x, const std::vector<double>& y, const Line& line) {
  std::string path;
  Html dots;
  bool is_down = false;
  for (const size_t i : drawn_points(y)) {
    if (!std::isfinite(x[i]) || !std::isfinite(y[i])) {
      is_down = false;
      continue;
    }
    path += format("{}{} {}", is_down ? "L" : "M", px(frame.column(x[i])), px(frame.row(y[i])));
    is_down = true;
    if (y.size() <= kMostMarked && !line.is_behind) dots += dot(frame, x[i], y[i], line.n);
  }
  if (path.empty()) return {};
  const Dashes dashes = line.is_behind ? Dashes{} : pattern_of_line(line.n, line.num_lines).dashes;
  return html_void("path", {{"class", line_class(line.n) + (line.is_behind ? " behind" : "")},
                            {"d", path},
                            {"stroke-dasharray", dashes_text(dashes)}}) +
         dots;
}

Html lines_of(const Chart& chart, const PlotFrame& frame) {
  const size_t count = chart.series.size();
  Html behind, above;
  for (size_t n = 0; n < count; ++n) {
    const Series& series = chart.series[n];
    const bool is_smooth = series.smoothing > 0;
    if (is_smooth) behind += line_of(frame, series.x, series.y, {n, count, true});
    above += line_of(frame, series.x, is_smooth ? smoothed(series.x, series.y, series.smoothing) : series.y, {n, count});
  }
  return behind + above;
}

Html baselines_of(const Chart& chart, const PlotFrame& frame) {
  Html lines;
  for (size_t n = 0; n < chart.baselines.size(); ++n) {
    const double row = frame.row(chart.baselines[n].y);
    const Dashes dashes = pattern_of_baseline(n, chart.series.size()).dashes;
    lines += html_void("line", {{"class", "baseline"},
                                {"x1", px(kLeft)},
                                {"x2", px(kWidth - kRight)},
                                {"y1", px(row)},
                                {"y2", px(row)},
                                {"stroke-dasharray", dashes_text(dashes)}});
  }
  return lines;
}

Html key_of(const std::string& kind, const Dashes& dashes) {
  const Html line = html_void(
      "line",
      {{"class", kind}, {"x1", "0"}, {"y1", "5"}, {"x2", "34"}, {"y2", "5"}, {"stroke-dasharray", dashes_text(dashes)}});
  return html_element("svg", {{"class", "key"}, {"viewBox", "0 0 34 10"}, {"aria-hidden", "true"}}, line);
}

Html legend_of(const Chart& chart) {
  Html items;
  for (size_t n = 0; n < chart.series.size(); ++n) {
    const Series& series = chart.series[n];
    if (series.x.empty()) continue;
    items += html_element("li", svg_line_key(n, chart.series.size()) + html_name(legend_name(series, chart.x_label)));
  }
  for (size_t n = 0; n < chart.baselines.size(); ++n) {
    const Dashes dashes = pattern_of_baseline(n, chart.series.size()).dashes;
    const auto& [name, y] = chart.baselines[n];
    items += html_element("li", key_of("baseline", dashes) + html_name(name + " ") + html_number(y));
  }
  return html_element("ul", {{"class", "legend"}}, items);
}

// "ours from 0.9 at 25 to 0.4 at 1000".
std::string description_of(const Chart& chart) {
  std::string text = format("{} over {}.", chart.y_label, chart.x_label);
  for (const Series& s : chart.series)
    if (!s.x.empty())
      text += format(" {}: {} at {} to {} at {}.", s.name, short_text(s.y.front()), short_text(s.x.front()),
                     short_text(s.y.back()), short_text(s.x.back()));
  return text;
}

// Rows by x, columns of the series that have points; of many every n-th and the last.
Html numbers_of(const Chart& chart) {
  std::vector<Series> shown;
  std::ranges::copy_if(chart.series, std::back_inserter(shown), [](const Series& series) { return !series.x.empty(); });
  std::map<double, std::vector<std::optional<double>>> rows;
  for (size_t n = 0; n < shown.size(); ++n) {
    const Series& series = shown[n];
    const size_t every = (series.x.size() + kMostRows - 1) / kMostRows;
    for (size_t i = 0; i < series.x.size(); ++i) {
      if (i % every != 0 && i + 1 != series.x.size()) continue;
      auto& row = rows.try_emplace(series.x[i], shown.size()).first->second;
      row[n] = series.y[i];
    }
  }
  const bool is_one_name = chart.title == chart.y_label;
  HtmlTable table{.caption = is_one_name ? chart.title : format("{}: {}", chart.title, chart.y_label),
                  .head = {html_text(chart.x_label)}};
  for (const Series& series : shown) table.head.push_back(html_name(series.name));
  for (const auto& [x, values] : rows) {
    std::vector<Html> cells{html_number(x)};
    for (const auto& value : values) cells.push_back(value ? html_number(value) : Html());
    table.rows.push_back(std::move(cells));
  }
  return html_table(table);
}

}  // namespace

Html svg_line_key(size_t n, size_t num_lines) { return key_of(line_class(n), pattern_of_line(n, num_lines).dashes); }

Html svg_chart(const Chart& chart) {
  const auto [x, y] = ranges_of(chart);
  const PlotFrame frame{x, y};
  const Html words = html_element("title", chart.title) + html_element("desc", description_of(chart));
  const Html drawing = words + axes_of(frame, chart.x_label) + baselines_of(chart, frame) + lines_of(chart, frame);
  const Html svg = html_element("svg",
                                {{"class", "chart"},
                                 {"viewBox", format("0 0 {} {}", kWidth, kHeight)},
                                 {"role", "img"},
                                 {"aria-label", chart.title + ". " + description_of(chart)}},
                                drawing);
  return html_element("figure", html_element("figcaption", html_name(chart.title)) + svg + legend_of(chart) +
                                    html_details("Numbers", numbers_of(chart)));
}

}  // namespace glid
