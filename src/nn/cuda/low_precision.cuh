// Vectors of 16-bit and 32-bit floats as floats in registers, and sums over lanes.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>

namespace glid::cuda {

// kCount consecutive values, aligned to their size together.
template <int kCount, class T>
__device__ void load_floats(float (&values)[kCount], const T* from) {
  struct alignas(kCount * sizeof(T)) Vector {
    T values[kCount];
  };
  const Vector vector = *reinterpret_cast<const Vector*>(from);
  for (int i = 0; i < kCount; ++i) values[i] = static_cast<float>(vector.values[i]);
}

template <int kCount, class T>
__device__ void store_floats(T* to, const float (&values)[kCount]) {
  struct alignas(kCount * sizeof(T)) Vector {
    T values[kCount];
  } vector;
  for (int i = 0; i < kCount; ++i) vector.values[i] = static_cast<T>(values[i]);
  *reinterpret_cast<Vector*>(to) = vector;
}

// The sum over kLanes neighbours, a power of two up to 32; every lane of the warp calls it and gets its neighbours' sum.
template <int kLanes>
__device__ float sum_of_lanes(float x) {
  for (int step = kLanes / 2; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

}  // namespace glid::cuda
