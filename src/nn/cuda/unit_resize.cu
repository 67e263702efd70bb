// A thread has eight channels of a coarse token and of the four fine ones in its place.
#include "unit_resize.h"

#include "low_precision.cuh"

namespace glid::cuda {
namespace {

constexpr int kVector = 8, kThreads = 256, kFine = 4;

struct UnitPlace {
  int64_t coarse, fine[kFine];  // first values
};

__device__ UnitPlace place_of(const UnitResizeArgs& a, int64_t thread) {
  const int groups = a.channels / kVector, channel = static_cast<int>(thread % groups) * kVector;
  const int64_t token = thread / groups;
  const int x = static_cast<int>(token % a.side);
  const int64_t row = token / a.side;  // of all units' rows
  UnitPlace place{token * a.channels + channel, {}};
  for (int i = 0; i < kFine; ++i) place.fine[i] = ((2 * row + i / 2) * 2 * a.side + 2 * x + i % 2) * a.channels + channel;
  return place;
}

template <class T>
__device__ void load_fine(float (&values)[kFine][kVector], const UnitPlace& place, const T* fine) {
#pragma unroll
  for (int i = 0; i < kFine; ++i) load_floats(values[i], fine + place.fine[i]);
}

// A NaN stays one, as at::amax has it.
__device__ float larger(float a, float b) { return a > b || isnan(a) ? a : b; }

__device__ float largest_of(const float (&x)[kFine][kVector], int i) {
  return larger(larger(x[0][i], x[1][i]), larger(x[2][i], x[3][i]));
}

struct Max {
  template <class T>
  __device__ static void run(const UnitPlace& place, const T* fine, const T*, T* coarse) {
    float x[kFine][kVector], y[kVector];
    load_fine(x, place, fine);
    for (int i = 0; i < kVector; ++i) y[i] = largest_of(x, i);
    store_floats(coarse + place.coarse, y);
  }
};

struct MaxGradient {
  template <class T>
  __device__ static void run(const UnitPlace& place, const T* fine, const T* grad_coarse, T* grad_fine) {
    float x[kFine][kVector], grad[kVector];
    load_fine(x, place, fine);
    load_floats(grad, grad_coarse + place.coarse);
    for (int i = 0; i < kVector; ++i) {
      const float y = largest_of(x, i);
      int sharing = 0;
      for (int n = 0; n < kFine; ++n) sharing += x[n][i] == y;
      const float share = isnan(y) ? y : grad[i] / static_cast<float>(sharing);
      for (int n = 0; n < kFine; ++n) x[n][i] = isnan(y) || x[n][i] == y ? share : 0.0f;
    }
#pragma unroll
    for (int n = 0; n < kFine; ++n) store_floats(grad_fine + place.fine[n], x[n]);
  }
};

struct Repeat {
  template <class T>
  __device__ static void run(const UnitPlace& place, const T* coarse, const T*, T* fine) {
    float x[kVector];
    load_floats(x, coarse + place.coarse);
    for (int n = 0; n < kFine; ++n) store_floats(fine + place.fine[n], x);
  }
};

struct Sum {
  template <class T>
  __device__ static void run(const UnitPlace& place, const T* fine, const T*, T* coarse) {
    float x[kFine][kVector], y[kVector];
    load_fine(x, place, fine);
    for (int i = 0; i < kVector; ++i) y[i] = (x[0][i] + x[1][i]) + (x[2][i] + x[3][i]);
    store_floats(coarse + place.coarse, y);
  }
};

template <class Operation, class T>
__global__ void __launch_bounds__(kThreads) apply(const UnitResizeArgs a, int64_t threads, const T* x, const T* grad, T* y) {
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (thread < threads) Operation::run(place_of(a, thread), x, grad, y);
}

template <class Operation, class T>
void launch(const UnitResizeArgs& a, const void* x, const void* grad, void* y, cudaStream_t stream) {
  const int64_t threads = a.units * a.side * a.side * (a.channels / kVector);
  apply<Operation><<<static_cast<unsigned>((threads + kThreads - 1) / kThreads), kThreads, 0, stream>>>(
      a, threads, static_cast<const T*>(x), static_cast<const T*>(grad), static_cast<T*>(y));
}

template <class Operation>
cudaError_t run(const UnitResizeArgs& a, const void* x, const void* grad, void* y, cudaStream_t stream) {
  if (a.channels % kVector != 0) return cudaErrorInvalidValue;
  if (a.units == 0) return cudaSuccess;
  if (a.type == LowPrecision::kBf16) launch<Operation, __nv_bfloat16>(a, x, grad, y, stream);
  else launch<Operation, __half>(a, x, grad, y, stream);
  return cudaGetLastError();
}

}  // namespace

cudaError_t max_of_fine(const UnitResizeArgs& args, const void* fine, void* coarse, cudaStream_t stream) {
  return run<Max>(args, fine, nullptr, coarse, stream);
}

cudaError_t max_of_fine_gradient(const UnitResizeArgs& args, const void* fine, const void* grad_coarse, void* grad_fine,
                                 cudaStream_t stream) {
  return run<MaxGradient>(args, fine, grad_coarse, grad_fine, stream);
}

cudaError_t repeat_coarse(const UnitResizeArgs& args, const void* coarse, void* fine, cudaStream_t stream) {
  return run<Repeat>(args, coarse, nullptr, fine, stream);
}

cudaError_t sum_of_fine(const UnitResizeArgs& args, const void* fine, void* coarse, cudaStream_t stream) {
  return run<Sum>(args, fine, nullptr, coarse, stream);
}

}  // namespace glid::cuda
