// The frame of a line chart: where values lie, ticks, grid and names.
#pragma once

#include <string>

#include "glid/formats/image.h"
#include "glid/viz/range.h"
#include "opencv.h"

namespace glid {

// Data to pixels.
struct Axes {
  Range x, y;
  cv::Rect plot;  // px

  double column(double value) const { return plot.x + (value - x.low) / (x.high - x.low) * plot.width; }
  double row(double value) const { return plot.y + plot.height - (value - y.low) / (y.high - y.low) * plot.height; }
};

// Margins that hold the numbers of the ticks and the names; `height` x `width` px for all of it.
Axes fitted_axes(const Range& x, const Range& y, int height, int width);

struct AxisNames {
  std::string title, x, y;
};
void draw_axes(const Axes& axes, const AxisNames& names, Image& image);

}  // namespace glid
