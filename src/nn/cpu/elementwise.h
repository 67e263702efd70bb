// The BiFPN's weighted sum with SiLU, and its maps inside units halved and doubled.
#pragma once

#include "vectors.h"

namespace glid::cpu {
namespace {

template <typename T>
inline Vec weighted_sum(const SummandArgs<T>& args, int64_t i) {
  Vec sum = {};
  for (int k = 0; k < args.count; ++k) sum += load(args.inputs[k] + i) * args.weights[k];
  return sum;
}

inline Vec sigmoid(Vec x) { return 1.f / (1.f + exp_of(-x)); }

template <typename T>
void weighted_silu(const SummandArgs<T>& args, T* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; i += kLanes) {
    const Vec sum = weighted_sum(args, i);
    store(y + i, sum * sigmoid(sum));
  }
}

template <typename T>
void weighted_silu_backward(const SummandArgs<T>& args, const T* grad, T* const* grads, float* sums, int64_t begin,
                            int64_t end) {
  Vec totals[kMostSummands] = {};
  for (int64_t i = begin; i < end; i += kLanes) {
    const Vec sum = weighted_sum(args, i), gate = sigmoid(sum);
    const Vec slope = load(grad + i) * gate * (1.f + sum * (1.f - gate));
    for (int k = 0; k < args.count; ++k) {
      totals[k] += slope * load(args.inputs[k] + i);
      store(grads[k] + i, slope * args.weights[k]);
    }
  }
  for (int k = 0; k < args.count; ++k) sums[k] += sum_of(totals[k]);
}

// The first fine token of a coarse one; the others follow at 1, 2 side and 2 side + 1.
inline int64_t first_fine(int64_t coarse, int64_t side) {
  const int64_t row = coarse / side, column = coarse % side;  // rows of all units: each is 2 fine ones
  return row * 4 * side + 2 * column;
}

struct Cell {
  int64_t offsets[4];  // in elements
};

template <typename T>
inline Cell cell_of(const UnitArgs<T>& args, int64_t coarse) {
  const int64_t first = first_fine(coarse, args.side), below = first + 2 * args.side, c = args.channels;
  return {{first * c, (first + 1) * c, below * c, (below + 1) * c}};
}

template <typename T>
void pool(const UnitArgs<T>& args, int64_t begin, int64_t end) {
  for (int64_t coarse = begin; coarse < end; ++coarse) {
    const Cell cell = cell_of(args, coarse);
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      Vec most = load(args.from + cell.offsets[0] + c);
      for (int k = 1; k < 4; ++k) most = larger(most, load(args.from + cell.offsets[k] + c));
      store(args.to + coarse * args.channels + c, most);
    }
  }
}

// Equal ones share the gradient, and beside a NaN all get one, as in ATen's amax.
template <typename T>
void pool_backward(const UnitArgs<T>& args, const T* fine, int64_t begin, int64_t end) {
  const Vec one = Vec{} + 1.f;
  for (int64_t coarse = begin; coarse < end; ++coarse) {
    const Cell cell = cell_of(args, coarse);
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      Vec values[4], most = load(fine + cell.offsets[0] + c), count = {};
      for (int k = 0; k < 4; ++k) most = larger(most, values[k] = load(fine + cell.offsets[k] + c));
      for (int k = 0; k < 4; ++k) count += values[k] == most ? one : Vec{};
      const Vec share = load(args.from + coarse * args.channels + c) / count;
      for (int k = 0; k < 4; ++k) store(args.to + cell.offsets[k] + c, values[k] == most || count == Vec{} ? share : Vec{});
    }
  }
}

template <typename T>
void up(const UnitArgs<T>& args, int64_t begin, int64_t end) {
  for (int64_t coarse = begin; coarse < end; ++coarse) {
    const Cell cell = cell_of(args, coarse);
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      const Vec value = load(args.from + coarse * args.channels + c);
      for (int k = 0; k < 4; ++k) store(args.to + cell.offsets[k] + c, value);
    }
  }
}

template <typename T>
void up_backward(const UnitArgs<T>& args, int64_t begin, int64_t end) {
  for (int64_t coarse = begin; coarse < end; ++coarse) {
    const Cell cell = cell_of(args, coarse);
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      Vec sum = {};
      for (int k = 0; k < 4; ++k) sum += load(args.from + cell.offsets[k] + c);
      store(args.to + coarse * args.channels + c, sum);
    }
  }
}

}  // namespace
}  // namespace glid::cpu
