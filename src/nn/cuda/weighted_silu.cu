#include <algorithm>

#include "low_precision.cuh"
#include "weighted_silu.h"

namespace glid::cuda {
namespace {

constexpr int kVector = 8, kThreads = 256, kWarp = 32;

struct Outputs {
  void* values[kMaxSummands];
};

// f(first value) for the vectors of a thread.
template <class F>
__device__ void for_vectors(int64_t count, const F& f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads * kVector;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * kVector; i < count; i += step) f(i);
}

template <class T, int kSummands>
__device__ void load_inputs(float (&x)[kSummands][kVector], const WeightedSiluArgs& a, int64_t at) {
#pragma unroll
  for (int n = 0; n < kSummands; ++n) load_floats(x[n], static_cast<const T*>(a.inputs[n]) + at);
}

template <int kSummands>
__device__ float weighted_sum(const float (&x)[kSummands][kVector], const float (&weights)[kSummands], int i) {
  float sum = 0;
  for (int n = 0; n < kSummands; ++n) sum += weights[n] * x[n][i];
  return sum;
}

__device__ float sigmoid(float x) { return 1.0f / (1.0f + __expf(-x)); }

template <class T, int kSummands>
__global__ void __launch_bounds__(kThreads) forward_kernel(const WeightedSiluArgs a, T* y) {
  float weights[kSummands];
  for (int n = 0; n < kSummands; ++n) weights[n] = a.weights[n];
  for_vectors(a.count, [&](int64_t at) {
    float x[kSummands][kVector], out[kVector];
    load_inputs<T>(x, a, at);
    for (int i = 0; i < kVector; ++i) {
      const float sum = weighted_sum(x, weights, i);
      out[i] = sum * sigmoid(sum);
    }
    store_floats(y + at, out);
  });
}

// The sum of a value over the block, in thread 0.
__device__ float sum_of_block(float value) {
  __shared__ float shared[kThreads / kWarp];
  value = sum_of_lanes<kWarp>(value);
  if (threadIdx.x % kWarp == 0) shared[threadIdx.x / kWarp] = value;
  __syncthreads();
  float sum = 0;
  for (const float of_warp : shared) sum += of_warp;
  __syncthreads();
  return sum;
}

template <class T, int kSummands>
__global__ void __launch_bounds__(kThreads)
    backward_kernel(const WeightedSiluArgs a, const T* grad_y, Outputs grads, float* sums) {
  float weights[kSummands], weight_grads[kSummands] = {};
  for (int n = 0; n < kSummands; ++n) weights[n] = a.weights[n];
  for_vectors(a.count, [&](int64_t at) {
    float x[kSummands][kVector], grad[kVector];
    load_inputs<T>(x, a, at);
    load_floats(grad, grad_y + at);
    for (int i = 0; i < kVector; ++i) {
      const float sum = weighted_sum(x, weights, i), gate = sigmoid(sum);
      grad[i] *= gate * (1 + sum * (1 - gate));
    }
#pragma unroll
    for (int n = 0; n < kSummands; ++n) {
      for (int i = 0; i < kVector; ++i) {
        weight_grads[n] += grad[i] * x[n][i];
        x[n][i] = grad[i] * weights[n];
      }
      store_floats(static_cast<T*>(grads.values[n]) + at, x[n]);
    }
  });
  for (int n = 0; n < kMaxSummands; ++n) {
    const float sum = sum_of_block(n < kSummands ? weight_grads[n < kSummands ? n : 0] : 0.0f);
    if (threadIdx.x == 0) sums[blockIdx.x * kMaxSummands + n] = sum;
  }
}

struct Call {
  void* y;  // or its gradient, which is only read
  Outputs grads;
  float* sums;
  int blocks;
  cudaStream_t stream;
};

template <class T, int kSummands>
cudaError_t run(const WeightedSiluArgs& a, const Call& call) {
  constexpr int64_t kOfBlock = kThreads * kVector, kMostBlocks = 4096;
  auto* y = static_cast<T*>(call.y);
  if (call.sums) backward_kernel<T, kSummands><<<call.blocks, kThreads, 0, call.stream>>>(a, y, call.grads, call.sums);
  else
    forward_kernel<T, kSummands>
        <<<static_cast<unsigned>(std::min(kMostBlocks, (a.count + kOfBlock - 1) / kOfBlock)), kThreads, 0, call.stream>>>(a,
                                                                                                                          y);
  return cudaGetLastError();
}

template <class T>
cudaError_t run_summands(const WeightedSiluArgs& a, const Call& call) {
  switch (a.summands) {
    case 2: return run<T, 2>(a, call);
    case 3: return run<T, 3>(a, call);
    default: return cudaErrorInvalidValue;
  }
}

cudaError_t run_type(const WeightedSiluArgs& a, const Call& call) {
  if (a.count % kVector != 0) return cudaErrorInvalidValue;
  if (a.count == 0 && !call.sums) return cudaSuccess;
  return a.type == LowPrecision::kBf16 ? run_summands<__nv_bfloat16>(a, call) : run_summands<__half>(a, call);
}

}  // namespace

cudaError_t weighted_silu_forward(const WeightedSiluArgs& args, void* y, cudaStream_t stream) {
  return run_type(args, {y, {}, nullptr, 0, stream});
}

cudaError_t weighted_silu_backward(const WeightedSiluArgs& args, const void* grad_y,
                                   const std::array<void*, kMaxSummands>& grads, float* sums, int blocks,
                                   cudaStream_t stream) {
  return run_type(args, {const_cast<void*>(grad_y), {grads[0], grads[1], grads[2]}, sums, blocks, stream});
}

}  // namespace glid::cuda
