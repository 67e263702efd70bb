// Line charts in the page itself.
#pragma once

#include <string>

#include "glid/viz/curve.h"
#include "html.h"

namespace glid {

// A figure: the chart as SVG with a title and a description, its legend, and its numbers as a table. Lines have the colours
// and dashes of draw_chart(), of all series whether or not they have points; only those that have are in the legend.
// Of more points than a screen has columns the line is drawn through the smallest and the largest of each few, and the
// table has every n-th.
Html svg_chart(const Chart& chart);

// A swatch of the n-th line's pattern.
Html svg_line_key(size_t n, size_t num_lines);

}  // namespace glid
