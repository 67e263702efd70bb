// A depthwise 3 x 3 convolution at tokens alone.
#pragma once

#include "vectors.h"

namespace glid::cpu {
namespace {

// Which neighbour a tap reads: of the gradient, the one opposite.
template <typename T>
void depthwise(const TapArgs<T>& args, T* y, bool flipped, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; ++token) {
    const T* rows[kTaps];
    const float* weights[kTaps];
    int64_t count = 0;
    for (int64_t tap = 0; tap < kTaps; ++tap) {
      const int32_t row = args.neighbours[token * kTaps + (flipped ? kTaps - 1 - tap : tap)];
      if (row < 0) continue;
      rows[count] = args.x + row * args.channels;
      weights[count++] = args.weight + tap * args.channels;
    }
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      Vec sum = {};
      for (int64_t i = 0; i < count; ++i) sum += load(rows[i] + c) * load(weights[i] + c);
      store(y + token * args.channels + c, sum);
    }
  }
}

template <typename T>
void depthwise_weights(const TapArgs<T>& args, const T* grad, float* sums, int64_t begin, int64_t end) {
  for (int64_t token = begin; token < end; ++token)
    for (int64_t tap = 0; tap < kTaps; ++tap) {
      const int32_t row = args.neighbours[token * kTaps + tap];
      if (row < 0) continue;
      float* sum = sums + tap * args.channels;
      for (int64_t c = 0; c < args.channels; c += kLanes)
        store(sum + c, load(sum + c) + load(args.x + row * args.channels + c) * load(grad + token * args.channels + c));
    }
}

}  // namespace
}  // namespace glid::cpu
