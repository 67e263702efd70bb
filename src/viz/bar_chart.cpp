#include "glid/viz/bar_chart.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "glid/viz/curve.h"
#include "glid/viz/label.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr int kTitle = 30, kHead = 44;  // px of height: the title; names of the axes and numbers of the ticks
constexpr int kBarRoom = 400, kGap = 10, kNumber = 60;  // px of width
const cv::Scalar kBarColor{0, 114, 178};

std::string name_of(const BarChart& chart, size_t i) { return class_label(chart.bars[i].name, static_cast<int64_t>(i)); }

int width_of_names(const BarChart& chart) {
  int widest = text_size(chart.name_label, kTextScale).width;
  for (size_t i = 0; i < chart.bars.size(); ++i) widest = std::max(widest, text_size(name_of(chart, i), kTextScale).width);
  return widest;
}

// Ticks, light lines down through the bars, names.
void draw_head(const BarChart& chart, int left, Image& image) {
  cv::Mat view = view_of(image);
  const int bottom = view.rows - kGap;
  for (const double value : round_ticks(0, chart.high, 6)) {
    const std::string text = format("{:.6g}", value);
    const int column = left + static_cast<int>(std::lround(value / chart.high * kBarRoom));
    cv::line(view, {column, kTitle + kHead}, {column, bottom}, kLightGrey);
    draw_text(image, text, {column - text_size(text, kTextScale).width / 2, kTitle + kHead - 6}, kTextScale, kGrey);
  }
  draw_text(image, chart.name_label, {kGap, kTitle + kHead - 6}, kTextScale, kGrey);
  draw_text(image, chart.value_label, {left + (kBarRoom - text_size(chart.value_label, kTextScale).width) / 2, kTitle + 14},
            kTextScale, kGrey);
}

}  // namespace

Image draw_bars(const BarChart& chart) {
  if (!(chart.high > 0)) throw std::invalid_argument("draw_bars: high must be positive");
  const int left = width_of_names(chart) + 2 * kGap;
  const int width = std::max(left + kBarRoom + kNumber, text_size(chart.title, kTitleScale).width + 2 * kGap);
  Image image = Image::filled(kTitle + kHead + kTextLine * std::ssize(chart.bars) + kGap, width, 255);
  cv::Mat view = view_of(image);
  draw_text(image, chart.title, {kGap, kTitle - 8}, kTitleScale);
  draw_head(chart, left, image);
  for (size_t i = 0; i < chart.bars.size(); ++i) {
    const std::optional<double>& value = chart.bars[i].value;
    const int top = kTitle + kHead + static_cast<int>(i) * kTextLine, baseline = top + kTextLine - 5;
    draw_text(image, name_of(chart, i), {kGap, baseline}, kTextScale);
    const int length = static_cast<int>(std::lround(std::clamp(value.value_or(0) / chart.high, 0.0, 1.0) * kBarRoom));
    if (length > 0) cv::rectangle(view, cv::Rect(left, top + 2, length, kTextLine - 4), kBarColor, cv::FILLED);
    draw_text(image, value ? format("{:.3f}", *value) : "n/a", {left + length + kGap, baseline}, kTextScale);
  }
  return image;
}

}  // namespace glid
