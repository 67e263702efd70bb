// The frame of a line chart: where values lie, ticks, grid and names.
#pragma once

#include <limits>
#include <string>

#include "glid/formats/image.h"
#include "opencv.h"

namespace glid {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();

  // Passes over what is not finite.
  void include(double value);
  // Something to draw for no values or a single one.
  Range drawable() const;
  Range widened(double part) const { return {low - (high - low) * part, high + (high - low) * part}; }
};

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
