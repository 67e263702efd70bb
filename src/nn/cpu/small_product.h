// Products of matrices that fit the first cache.
#pragma once

#include "vectors.h"

namespace glid::cpu {
namespace {

// A factor of which element (i, k) stands at i * row + k * column.
struct Factor {
  const float* data;
  int64_t row, column;
};

constexpr int64_t kTileRows = 6, kTileVectors = kLanes == 16 ? 4 : 2;  // as many sums as there are registers

// c [R, N vectors] = a [R, K] b [K, N vectors]; rows of b and c are `stride` floats apart.
template <int R, int N>
inline void product_tile(const Factor& a, const float* b, int64_t depth, float* c, int64_t stride) {
  Vec sums[R][N] = {};
  for (int64_t k = 0; k < depth; ++k) {
    Vec row[N];
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) row[n] = load(b + k * stride + n * kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
      const float x = a.data[r * a.row + k * a.column];
#pragma GCC unroll 8
      for (int n = 0; n < N; ++n) sums[r][n] += x * row[n];
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int n = 0; n < N; ++n) store(c + r * stride + n * kLanes, sums[r][n]);
}

template <int N>
void product_columns(Factor a, const float* b, int64_t rows, int64_t depth, float* c, int64_t stride) {
  const auto advance = [&](int64_t by) {
    a.data += by * a.row;
    c += by * stride;
    rows -= by;
  };
  for (; rows >= kTileRows; advance(kTileRows)) product_tile<kTileRows, N>(a, b, depth, c, stride);
  if (rows & 4) {
    product_tile<4, N>(a, b, depth, c, stride);
    advance(4);
  }
  if (rows & 2) {
    product_tile<2, N>(a, b, depth, c, stride);
    advance(2);
  }
  if (rows & 1) product_tile<1, N>(a, b, depth, c, stride);
}

// c [rows, columns] = a [rows, depth] b [depth, columns], b and c dense; columns in multiples of the lanes.
inline void product(const Factor& a, const float* b, int64_t rows, int64_t depth, int64_t columns, float* c) {
  int64_t column = 0;
  for (; column + kTileVectors * kLanes <= columns; column += kTileVectors * kLanes)
    product_columns<kTileVectors>(a, b + column, rows, depth, c + column, columns);
  switch ((columns - column) / kLanes) {
    case 1: return product_columns<1>(a, b + column, rows, depth, c + column, columns);
    case 2: return product_columns<2>(a, b + column, rows, depth, c + column, columns);
    case 3: return product_columns<3>(a, b + column, rows, depth, c + column, columns);
    default: return;
  }
}

}  // namespace
}  // namespace glid::cpu
