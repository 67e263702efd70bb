// Lines that stay apart on screens, in print and for the colour-blind.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "glid/formats/image.h"
#include "opencv.h"

namespace glid {

// Pixels drawn and left out in turn; none: a line without gaps.
using Dashes = std::vector<double>;

struct LineStyle {
  cv::Scalar color;
  int thickness = 2;
  Dashes dashes;
};

// Of the n-th line of a chart: seven colours (Okabe and Ito 2008, without yellow and black); of more than three lines the
// dashes change from line to line too.
LineStyle style_of_line(size_t n, size_t num_lines);
// Drawn in the order of this, lines that cover each other show through the gaps of those on top.
size_t layer_of_line(size_t n, size_t num_lines);
// Of a chart's n-th baseline, whose colours go on after `num_lines` lines: thin, and dashed always.
LineStyle style_of_baseline(size_t n, size_t num_lines);
// The same on its way to white: what is behind.
LineStyle lighter(LineStyle style);

// Straight from point to point; dashes go on around the corners.
void draw_line(Image& image, std::span<const cv::Point2d> points, const LineStyle& style);

}  // namespace glid
