// Line charts of training curves.
#pragma once

#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

// Points in drawing order; points that are not finite interrupt the line.
struct Series {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // as many as x
};

// A dashed horizontal line, e.g. the loss of a predictor without learning.
struct Baseline {
  std::string name;
  double y = 0;
};

struct Chart {
  std::string title;
  std::string x_label;
  std::vector<Series> series;
  std::vector<Baseline> baselines;
  int height = 480;  // px, at least 120
  int width = 720;   // px, at least 160
};

// Axes with round ticks that hold every series and baseline, grid lines, lines in distinct colours and a legend.
// Throws std::invalid_argument when a size is too small or x and y differ in length.
Image draw_chart(const Chart& chart);

// The round numbers (1, 2 or 5 times a power of ten apart) within [low, high], at most `max_ticks` of them.
std::vector<double> round_ticks(double low, double high, int max_ticks);

}  // namespace glid
