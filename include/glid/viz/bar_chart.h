// Horizontal bars, one a name: a number by class.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

struct Bar {
  std::string name;
  std::optional<double> value;  // none: written as n/a
};

struct BarChart {
  std::string title;
  std::string name_label;   // above the names
  std::string value_label;  // above the axis
  std::vector<Bar> bars;
  double high = 1;  // bars go from 0 to this; values beyond end there
};

// Bars with their numbers and an axis above them; the picture is as tall as they need. Throws std::invalid_argument unless
// high > 0.
Image draw_bars(const BarChart& chart);

}  // namespace glid
