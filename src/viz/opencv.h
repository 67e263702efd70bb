// Our images as OpenCV matrices, and the one font of all pictures.
#pragma once

#include <opencv2/core.hpp>

#include <string>

#include "glid/formats/image.h"

namespace glid {

inline const cv::Scalar kBlack{0, 0, 0}, kWhite{255, 255, 255};
inline const cv::Scalar kGrey{90, 90, 90}, kLightGrey{226, 226, 226};  // of axes and of what lies behind curves

// Of what stands beside curves, bars and cells: capitals of 10 px, which are still read at half of the size.
inline constexpr double kTextScale = 0.48;
inline constexpr double kTitleScale = 0.58;
inline constexpr int kTextLine = 18;  // px from one line of kTextScale to the next

// A view, not a copy; colours are RGB, in OpenCV's drawing calls too.
cv::Mat view_of(Image& image);

// Text goes through drawable_text(). Pixels that it takes at `scale`.
cv::Size text_size(const std::string& text, double scale);

// The text, or as much of its beginning as fits into `width` px, and two dots.
std::string fitted(const std::string& text, double scale, int width);
// The same of its end.
std::string fitted_end(const std::string& text, double scale, int width);

// `text` with its lower left corner at `origin`.
void draw_text(Image& image, const std::string& text, cv::Point origin, double scale, const cv::Scalar& color = kBlack);

// Read from below; the text's middle is the height `middle`, the feet of its letters the column `right`. Dark on light.
void draw_upright_text(Image& image, const std::string& text, cv::Point middle_right, double scale,
                       const cv::Scalar& color = kBlack);

}  // namespace glid
