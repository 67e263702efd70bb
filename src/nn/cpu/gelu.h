// GELU with the bias before it.
#pragma once

#include "vectors.h"

namespace glid::cpu {
namespace {

// The normal distribution's function and density at z.
struct Normal {
  Vec below, density;
};

// To 1.5e-7: Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26, with erf's argument z / sqrt(2).
inline Normal normal_at(Vec z) {
  const Vec size = z < Vec{} ? -z : z;
  const Vec t = 1.f / (1.f + size * (0.3275911f * 0.70710678f));
  Vec p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Vec power = exp_of(z * z * -0.5f), tail = p * t * power * 0.5f;
  return {z < Vec{} ? tail : 1.f - tail, power * 0.39894228f};
}

template <typename T>
void biased_gelu(const BiasedArgs<T>& args, T* y, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      const Vec z = load(args.x + row * args.channels + c) + load(args.bias + c);
      store(y + row * args.channels + c, z * normal_at(z).below);
    }
}

template <typename T>
void biased_gelu_backward(const BiasedArgs<T>& args, const T* grad, T* grad_x, float* sums, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row)
    for (int64_t c = 0; c < args.channels; c += kLanes) {
      const int64_t i = row * args.channels + c;
      const Vec z = load(args.x + i) + load(args.bias + c);
      const Normal normal = normal_at(z);
      const Vec slope = load(grad + i) * (normal.below + z * normal.density);
      store(grad_x + i, slope);
      store(sums + c, load(sums + c) + slope);
    }
}

}  // namespace
}  // namespace glid::cpu
