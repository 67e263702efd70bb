// Lines that stay apart on screens, in print and for the colour-blind: what pictures and pages draw them with.
#pragma once

#include <cstddef>
#include <vector>

#include "glid/viz/draw.h"

namespace glid {

// Pixels drawn and left out in turn; none: a line without gaps.
using Dashes = std::vector<double>;

struct LinePattern {
  Rgb color{};
  Dashes dashes;
};

inline constexpr size_t kNumLineColors = 7;

// Of the n-th line of a chart: seven colours (Okabe and Ito 2008, without yellow and black); of more than three lines the
// dashes change from line to line too.
LinePattern pattern_of_line(size_t n, size_t num_lines);
// Of a chart's n-th baseline, whose colours go on after `num_lines` lines: dashed always.
LinePattern pattern_of_baseline(size_t n, size_t num_lines);

}  // namespace glid
