#include "glid/viz/bar_chart.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr double kTextScale = 0.4;
constexpr int kTitle = 32, kLine = 16;                 // px of height
constexpr int kBarRoom = 360, kGap = 8, kNumber = 60;  // px of width
const cv::Scalar kBarColor{0, 114, 178};

int widest_name(const std::vector<Bar>& bars) {
  int widest = 0;
  for (const Bar& bar : bars) widest = std::max(widest, text_size(bar.name, kTextScale).width);
  return widest;
}

}  // namespace

Image draw_bars(const std::string& title, const std::vector<Bar>& bars, double high) {
  if (!(high > 0)) throw std::invalid_argument("draw_bars: high must be positive");
  const int left = widest_name(bars) + 2 * kGap;
  const int width = std::max(left + kBarRoom + kNumber, text_size(title, kTextScale).width + 2 * kGap);
  Image image = Image::filled(kTitle + kLine * std::ssize(bars) + kGap, width, 255);
  cv::Mat view = view_of(image);
  draw_text(image, title, {kGap, kTitle - 12}, kTextScale);
  int top = kTitle;
  for (const Bar& bar : bars) {
    const int baseline = top + kLine - 5;
    draw_text(image, bar.name, {kGap, baseline}, kTextScale);
    const int length = static_cast<int>(std::lround(std::clamp(bar.value.value_or(0) / high, 0.0, 1.0) * kBarRoom));
    if (length > 0) cv::rectangle(view, cv::Rect(left, top + 2, length, kLine - 4), kBarColor, cv::FILLED);
    draw_text(image, bar.value ? format("{:.3f}", *bar.value) : "n/a", {left + length + kGap, baseline}, kTextScale);
    top += kLine;
  }
  return image;
}

}  // namespace glid
