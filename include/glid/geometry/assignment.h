// Rectangular linear assignment: the shortest augmenting paths of Jonker and Volgenant in the form of Crouse, "On
// implementing 2D rectangular assignment algorithms", IEEE TAES 2016, which scipy.optimize.linear_sum_assignment uses too.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace glid {

// Pairs (rows[i], columns[i]), min(number of rows, number of columns) of them, rows ascending.
struct Assignment {
  std::vector<int64_t> rows;
  std::vector<int64_t> columns;
};

// Minimises the sum of costs[row * num_columns + column] over one-to-one pairs. Any shape, empty ones too. Throws
// std::invalid_argument naming row and column when a cost is NaN, infinite or so large that sums would be.
Assignment assign(std::span<const double> costs, int64_t num_rows, int64_t num_columns);
Assignment assign(std::span<const float> costs, int64_t num_rows, int64_t num_columns);

}  // namespace glid
