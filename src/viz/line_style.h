// Lines that stay apart on screens, in print and for the colour-blind.
#pragma once

#include <cstddef>
#include <span>

#include "glid/formats/image.h"
#include "glid/viz/line_pattern.h"
#include "opencv.h"

namespace glid {

struct LineStyle {
  cv::Scalar color;
  int thickness = 2;
  Dashes dashes;
};

// As pattern_of_line() and pattern_of_baseline() have them; baselines are thin.
LineStyle style_of_line(size_t n, size_t num_lines);
LineStyle style_of_baseline(size_t n, size_t num_lines);
// Drawn in the order of this, lines that cover each other show through the gaps of those on top.
size_t layer_of_line(size_t n, size_t num_lines);
// The same on its way to white: what is behind.
LineStyle lighter(LineStyle style);

// Straight from point to point; dashes go on around the corners.
void draw_line(Image& image, std::span<const cv::Point2d> points, const LineStyle& style);

}  // namespace glid
