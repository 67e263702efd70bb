#include "glid/viz/heat_map.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "opencv.h"

namespace glid {
namespace {

constexpr uint8_t kUnknown = 160;  // grey
constexpr int kMatrixSide = 640;   // px, about
constexpr int kMargin = 28;        // px around the cells: title above, axis names below and at the left
constexpr double kTextScale = 0.45;

void require(bool ok, const char* what) {
  if (!ok) throw std::invalid_argument(what);
}

// 256 colours, RGB, that differ evenly for colour-blind eyes too (viridis).
cv::Mat palette() {
  cv::Mat steps(1, 256, CV_8UC1), bgr, rgb;
  for (int i = 0; i < 256; ++i) steps.at<uint8_t>(0, i) = static_cast<uint8_t>(i);
  cv::applyColorMap(steps, bgr, cv::COLORMAP_VIRIDIS);
  cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
  return rgb;
}

}  // namespace

Image heat_map(std::span<const double> values, int64_t height, int64_t width, double low, double high) {
  require(std::ssize(values) == height * width, "heat_map: values don't fill the picture");
  require(low < high, "heat_map: low must be below high");
  static const cv::Mat kPalette = palette();
  Image image = Image::filled(height, width, kUnknown);
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) continue;
    const double share = std::clamp((values[i] - low) / (high - low), 0.0, 1.0);
    const auto& color = kPalette.at<cv::Vec3b>(0, static_cast<int>(std::lround(share * 255)));
    std::copy_n(color.val, 3, image.pixels.begin() + static_cast<std::ptrdiff_t>(i * 3));
  }
  return image;
}

Image draw_matrix(std::span<const double> shares, int64_t size, const std::string& title) {
  require(size > 0 && std::ssize(shares) == size * size, "draw_matrix: the matrix is not square");
  Image cells = heat_map(shares, size, size, 0, 1);
  const int scale = std::max<int>(1, static_cast<int>(kMatrixSide / size)), side = static_cast<int>(size) * scale;
  Image canvas = Image::filled(side + 2 * kMargin, side + 2 * kMargin, 255);
  cv::resize(view_of(cells), view_of(canvas)(cv::Rect(kMargin, kMargin, side, side)), {side, side}, 0, 0, cv::INTER_NEAREST);
  draw_text(canvas, title, {kMargin, kMargin - 10}, kTextScale);
  draw_text(canvas, "predicted, left to right; rows: truth", {kMargin, side + 2 * kMargin - 10}, kTextScale);
  return canvas;
}

}  // namespace glid
