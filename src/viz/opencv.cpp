#include "opencv.h"

#include <opencv2/imgproc.hpp>

namespace glid {

cv::Mat view_of(Image& image) {
  return {static_cast<int>(image.height), static_cast<int>(image.width), CV_8UC3, image.pixels.data()};
}

cv::Size text_size(const std::string& text, double scale) {
  int baseline = 0;
  return cv::getTextSize(text, cv::FONT_HERSHEY_SIMPLEX, scale, 1, &baseline);
}

void draw_text(Image& image, const std::string& text, cv::Point origin, double scale, const cv::Scalar& color) {
  cv::Mat view = view_of(image);
  cv::putText(view, text, origin, cv::FONT_HERSHEY_SIMPLEX, scale, color, 1, cv::LINE_AA);
}

}  // namespace glid
