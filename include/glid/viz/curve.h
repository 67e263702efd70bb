// Line charts: training curves, precision over recall.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

// Points in drawing order; points that are not finite interrupt the line. With `smoothing` the line is smoothed() over so
// much of x, the legend says so, and the points lie behind it in a lighter tone.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // as many as x
  double smoothing = 0;
};

// A dashed horizontal line, e.g. the loss of a predictor without learning.
struct Baseline {
  std::string name;
  double y = 0;
};

using AxisRange = std::array<double, 2>;

struct Chart {
  std::string title;
  std::string x_label, y_label;
  std::vector<Series> series;
  std::vector<Baseline> baselines;
  std::optional<AxisRange> x_range, y_range;  // where none is given: what holds every series and baseline
  int height = 480;                           // px without the legend, at least 120
  int width = 720;                            // px, at least 160
};

// Axes with names and round ticks, grid lines, lines that the colour-blind can tell apart (beyond seven by their dashes too)
// and a legend below the axes, where it hides nothing. Throws std::invalid_argument when a size is too small or x and y
// differ in length.
Image draw_chart(const Chart& chart);

// The round numbers (1, 2 or 5 times a power of ten apart) within [low, high], at most `max_ticks` of them.
std::vector<double> round_ticks(double low, double high, int max_ticks);

// Exponential moving average: the mean of all values up to each place, of which one at the distance d in x weighs
// exp(-d / span); x ascends. Values that are not finite have no part in it and stay as they are. Throws
// std::invalid_argument unless x and y are as many and span > 0.
std::vector<double> smoothed(std::span<const double> x, std::span<const double> y, double span);

// A span for curves that are looked at as a whole: a twenty-fifth of x, but two steps from point to point at least, as a
// round number; 0 for less than 20 points, which one sees through without.
double usual_smoothing(std::span<const double> x);

}  // namespace glid
