// Rows of one matrix placed in another, each at most once: a gather whose gradient is a gather too. (index_select's own
// gradient adds row by row, and advanced indexing's adds in random order on CPUs.)
#pragma once

#include <ATen/core/Tensor.h>

namespace glid {

// P places, T rows; every row has exactly one place, places without a row hold the fill.
struct RowMap {
  at::Tensor rows;     // [P] int64: the row at each place, T = the fill
  at::Tensor inverse;  // [T] int64: the place of each row
  at::Tensor empty;    // [P - T] int64: the places that hold the fill; undefined where they are many and not listed

  bool has_fill() const { return rows.size(0) > inverse.size(0); }
};

// [T, C] -> [P, C]. Empty places are zero.
at::Tensor spread(const at::Tensor& x, const RowMap& map);
// [T, C] and one row [C] -> [P, C]. Empty places hold `fill`, which receives the sum of their gradients.
at::Tensor spread(const at::Tensor& x, const RowMap& map, const at::Tensor& fill);
// [P, C] -> [T, C], the transpose of spread: what stands at the empty places is dropped.
at::Tensor collect(const at::Tensor& y, const RowMap& map);

}  // namespace glid
