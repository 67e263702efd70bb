// Vectors of GLID_LANES floats, as wide as the processor that a file is compiled for has them.
#pragma once

#include <cstdint>

#include "kernels.h"

namespace glid::cpu {
namespace {

constexpr int64_t kLanes = GLID_LANES;

using Vec = float __attribute__((vector_size(4 * GLID_LANES)));
using Int = int32_t __attribute__((vector_size(4 * GLID_LANES)));
using Bits = uint32_t __attribute__((vector_size(4 * GLID_LANES)));
using Half = uint16_t __attribute__((vector_size(2 * GLID_LANES)));
// The same anywhere in memory.
using LooseVec = float __attribute__((vector_size(4 * GLID_LANES), aligned(4), may_alias));
using LooseHalf = uint16_t __attribute__((vector_size(2 * GLID_LANES), aligned(2), may_alias));

inline Vec load(const float* p) { return *reinterpret_cast<const LooseVec*>(p); }
inline Vec load(const Bf16* p) {
  const Half half = *reinterpret_cast<const LooseHalf*>(p);
  return reinterpret_cast<Vec>(__builtin_convertvector(half, Bits) << 16);
}

inline void store(float* p, Vec v) { *reinterpret_cast<LooseVec*>(p) = v; }
// To the nearest, to even; NaN stays one.
inline void store(Bf16* p, Vec v) {
  const Bits bits = reinterpret_cast<Bits>(v);
  const Bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  const Bits nan = Bits{} + 0x7fc0;
  *reinterpret_cast<LooseHalf*>(p) = __builtin_convertvector(v != v ? nan : rounded, Half);
}

inline float to_float(float x) { return x; }
inline float to_float(Bf16 x) { return __builtin_bit_cast(float, static_cast<uint32_t>(x.bits) << 16); }

inline Vec larger(Vec a, Vec b) { return (a > b) | (a != a) ? a : b; }  // NaN of either

inline float sum_of(Vec v) {
  float sum = 0;
  for (int64_t i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

inline float largest_of(Vec v) {
  float largest = v[0];
  for (int64_t i = 1; i < kLanes; ++i) largest = v[i] > largest || v[i] != v[i] ? v[i] : largest;
  return largest;
}

// e^x to 2 units in the last place; 0 below -87, infinite above 88.
inline Vec exp_of(Vec x) {
  constexpr float kLog2e = 1.44269504f, kLn2High = 0.693359375f, kLn2Low = -2.12194440e-4f, kRound = 12582912.f;
  const Vec least = Vec{} - 87.f, most = Vec{} + 88.7f;
  const Vec clamped = x > most ? most : x;  // NaN stays
  const Vec n = (clamped * kLog2e + kRound) - kRound;
  const Vec r = clamped - n * kLn2High - n * kLn2Low;
  Vec p = r * 1.9875691500e-4f + 1.3981999507e-3f;  // Cephes, expf
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  const Int exponent = __builtin_convertvector(n, Int);
  // In two factors: 2^128 is no float.
  const Vec half = reinterpret_cast<Vec>(((exponent >> 1) + 127) << 23);
  const Vec rest = reinterpret_cast<Vec>((exponent - (exponent >> 1) + 127) << 23);
  const Vec power = p * half * rest;
  return x < least ? Vec{} : power;
}

}  // namespace
}  // namespace glid::cpu
