#include "opencv.h"

#include <algorithm>
#include <cmath>

#include <opencv2/imgproc.hpp>

#include "glid/viz/label.h"

namespace glid {
namespace {

constexpr int kFont = cv::FONT_HERSHEY_SIMPLEX;

// Of letters: lines of 1 px up to titles.
int thickness_of(double scale) { return std::max(1, static_cast<int>(std::lround(scale / 0.6))); }

cv::Size size_of(const std::string& ascii, double scale, int& descent) {
  return cv::getTextSize(ascii, kFont, scale, thickness_of(scale), &descent);
}

}  // namespace

cv::Mat view_of(Image& image) {
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, image.pixels.data()};
}

cv::Size text_size(const std::string& text, double scale) {
  int descent = 0;
  return size_of(drawable_text(text), scale, descent);
}

std::string fitted(const std::string& text, double scale, int width) {
  std::string ascii = drawable_text(text);
  if (text_size(ascii, scale).width <= width) return ascii;
  while (!ascii.empty() && text_size(ascii + "..", scale).width > width) ascii.pop_back();
  return ascii + "..";
}

std::string fitted_end(const std::string& text, double scale, int width) {
  std::string ascii = drawable_text(text);
  if (text_size(ascii, scale).width <= width) return ascii;
  while (!ascii.empty() && text_size(".." + ascii, scale).width > width) ascii.erase(0, 1);
  return ".." + ascii;
}

void draw_text(Image& image, const std::string& text, cv::Point origin, double scale, const cv::Scalar& color) {
  cv::Mat view = view_of(image);
  cv::putText(view, drawable_text(text), origin, kFont, scale, color, thickness_of(scale), cv::LINE_AA);
}

void draw_upright_text(Image& image, const std::string& text, cv::Point middle_right, double scale,
                       const cv::Scalar& color) {
  const std::string ascii = drawable_text(text);
  int descent = 0;
  const cv::Size size = size_of(ascii, scale, descent);
  cv::Mat level(size.height + descent + 2, size.width + 2, CV_8UC3, kWhite), upright;
  cv::putText(level, ascii, {1, size.height + 1}, kFont, scale, color, thickness_of(scale), cv::LINE_AA);
  cv::rotate(level, upright, cv::ROTATE_90_COUNTERCLOCKWISE);
  cv::Mat view = view_of(image);
  const cv::Rect place(middle_right.x - size.height - 1, middle_right.y - upright.rows / 2, upright.cols, upright.rows);
  const cv::Rect seen = place & cv::Rect(0, 0, view.cols, view.rows);
  if (seen.empty()) return;
  cv::Mat part = view(seen);
  cv::min(part, upright(seen - place.tl()), part);
}

}  // namespace glid
