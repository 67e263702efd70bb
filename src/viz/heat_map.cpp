#include "glid/viz/heat_map.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <vector>

#include <opencv2/imgproc.hpp>

#include "glid/core/format.h"
#include "glid/formats/resize.h"
#include "glid/viz/curve.h"
#include "opencv.h"

namespace glid {
namespace {

constexpr uint8_t kUnknown = 160;              // grey
constexpr int kGap = 5, kBar = 12, kTick = 3;  // px of width: before the bar and its numbers, of the bar, of a tick
constexpr int kPxANumber = 32;                 // of height, at least
constexpr int kMostNumbers = 8, kMostDigits = 9;

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

// Round ones, or both ends where there is no room for two of them.
std::vector<double> numbers_of(const ColorScale& scale, int64_t height) {
  std::vector<double> round =
      round_ticks(scale.low, scale.high, std::clamp(static_cast<int>(height / kPxANumber), 2, kMostNumbers));
  return round.size() < 2 ? std::vector<double>{scale.low, scale.high} : round;
}

// With as many digits as tell them apart.
std::vector<std::string> texts_of(const std::vector<double>& numbers, const ColorScale& scale) {
  std::vector<std::string> texts;
  for (int digits = 3; digits <= kMostDigits; ++digits) {
    texts.clear();
    for (const double number : numbers)
      texts.push_back(format("{:.{}g}{}{}", number, digits, scale.unit.empty() ? "" : " ", scale.unit));
    if (std::ranges::adjacent_find(texts) == texts.end()) break;
  }
  return texts;
}

// The highest value above.
Image bar_of(int64_t height) {
  std::vector<double> shares;
  for (int64_t y = 0; y < height; ++y)
    shares.push_back(1 - static_cast<double>(y) / static_cast<double>(std::max<int64_t>(height - 1, 1)));
  Image column = heat_map(shares, height, 1, 0, 1);
  Image bar = Image::filled(height, kBar, 0);
  cv::resize(view_of(column), view_of(bar), {kBar, static_cast<int>(height)}, 0, 0, cv::INTER_NEAREST);
  return bar;
}

// The bar with its numbers, `height` px high, as on a usual picture.
Image color_bar(int height, const ColorScale& scale) {
  const std::vector<double> numbers = numbers_of(scale, height);
  const std::vector<std::string> texts = texts_of(numbers, scale);
  int widest = 0;
  for (const std::string& text : texts) widest = std::max(widest, text_size(text, kTextScale).width);
  Image canvas = Image::filled(height, kGap + kBar + kTick + kGap + widest, 255);
  cv::Mat view = view_of(canvas);
  Image bar = bar_of(height);
  view_of(bar).copyTo(view(cv::Rect(kGap, 0, kBar, height)));
  const int right = kGap + kBar;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const int row = static_cast<int>(std::lround((scale.high - numbers[i]) / (scale.high - scale.low) * (height - 1)));
    const int tall = text_size(texts[i], kTextScale).height;
    cv::line(view, {right, row}, {right + kTick - 1, row}, kGrey);
    draw_text(canvas, texts[i], {right + kTick + kGap, std::clamp(row + tall / 2, tall, std::max(tall, height - 2))},
              kTextScale);
  }
  return canvas;
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

Image with_color_bar(const Image& picture, const ColorScale& scale, double times) {
  require(scale.low < scale.high, "with_color_bar: low must be below high");
  const auto usual_height = std::max<int64_t>(1, std::lround(static_cast<double>(picture.height) / times));
  const Image usual = color_bar(static_cast<int>(usual_height), scale);
  Image left = picture;
  Image right = resize(usual, picture.height, std::lround(static_cast<double>(usual.width) * times), Filter::kBilinear);
  Image canvas = Image::filled(picture.height, left.width + right.width, 255);
  cv::hconcat(view_of(left), view_of(right), view_of(canvas));
  return canvas;
}

}  // namespace glid
