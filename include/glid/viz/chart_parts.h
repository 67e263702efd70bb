// What a line chart's picture and its drawing in a page have in common.
#pragma once

#include <string>

#include "glid/viz/curve.h"
#include "glid/viz/range.h"

namespace glid {

struct ChartRanges {
  Range x, y;
};
// Those given, else what holds every finite point and baseline, with some room above and below.
ChartRanges ranges_of(const Chart& chart);

// The series' name, and where it is smoothed over how much.
std::string legend_name(const Series& series, const std::string& x_label);

}  // namespace glid
