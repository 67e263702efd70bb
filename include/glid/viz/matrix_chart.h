// Confusion matrices.
#pragma once

#include <string>
#include <vector>

#include "glid/formats/image.h"

namespace glid {

struct MatrixChart {
  std::string title;
  std::string row_label, column_label;  // what rows and columns are
  std::string value_label;              // what the colours are
  std::vector<std::string> rows, columns;
  std::vector<double> values;  // [rows][columns], 0 to 1; NaN, a row of nothing: grey
};

// Cells with the names of rows at the left and of columns below, a colour scale at the right, and the numbers in the cells
// where there is room. A picture of 150 classes has some 1,900 px a side, each with its name; of more than 200 every second
// name is left out, and so on. Throws std::invalid_argument unless there are rows x columns values, one at least.
Image draw_matrix(const MatrixChart& chart);

}  // namespace glid
