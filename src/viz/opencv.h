// Our images as OpenCV matrices, and the one font of all pictures.
#pragma once

#include <opencv2/core.hpp>

#include <string>

#include "glid/formats/image.h"

namespace glid {

inline const cv::Scalar kBlack{0, 0, 0};

// A view, not a copy; colours are RGB, in OpenCV's drawing calls too.
cv::Mat view_of(Image& image);

// Pixels that `text` takes at `scale`.
cv::Size text_size(const std::string& text, double scale);

// `text` with its lower left corner at `origin`.
void draw_text(Image& image, const std::string& text, cv::Point origin, double scale, const cv::Scalar& color = kBlack);

}  // namespace glid
