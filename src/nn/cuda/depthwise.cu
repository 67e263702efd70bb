// A thread has eight channels of a token: a block's x runs over the channels, its y over tokens.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <algorithm>

#include "depthwise.h"

namespace glid::cuda {
namespace {

constexpr int kTaps = 9, kVector = 8, kThreads = 256;

dim3 block_of(const DepthwiseArgs& a) {
  const int groups = a.channels / kVector;
  return {static_cast<unsigned>(groups), static_cast<unsigned>(std::max(1, kThreads / groups))};
}

template <class T>
__device__ void load(float (&values)[kVector], const void* from, int64_t row, int channels) {
  const uint4 raw = reinterpret_cast<const uint4*>(static_cast<const T*>(from) + row * channels)[threadIdx.x];
  const T* low = reinterpret_cast<const T*>(&raw);
  for (int i = 0; i < kVector; ++i) values[i] = static_cast<float>(low[i]);
}

template <class T>
__device__ void store(void* to, int64_t row, int channels, const float (&values)[kVector]) {
  alignas(16) T low[kVector];
  for (int i = 0; i < kVector; ++i) low[i] = static_cast<T>(values[i]);
  reinterpret_cast<uint4*>(static_cast<T*>(to) + row * channels)[threadIdx.x] = *reinterpret_cast<const uint4*>(low);
}

// visit(tap, token) for each of the nine cells around a token's that hold one.
template <class Visit>
__device__ void for_neighbours(const DepthwiseArgs& a, int64_t token, const Visit& visit) {
  const int64_t cell = a.cells[token], area = static_cast<int64_t>(a.height) * a.width;
  const int within = static_cast<int>(cell % area), y = within / a.width, x = within % a.width;
#pragma unroll
  for (int tap = 0; tap < kTaps; ++tap) {
    const int dy = tap / 3 - 1, dx = tap % 3 - 1;
    if (y + dy < 0 || y + dy >= a.height || x + dx < 0 || x + dx >= a.width) continue;
    const int64_t row = a.rows[cell + dy * a.width + dx];
    if (row < a.tokens) visit(tap, row);
  }
}

template <class T, bool kFlipped>
__global__ void __launch_bounds__(kThreads) convolve(const DepthwiseArgs a, void* y) {
  float weight[kTaps][kVector];
#pragma unroll
  for (int tap = 0; tap < kTaps; ++tap)
    for (int i = 0; i < kVector; ++i)
      weight[tap][i] = a.weight[(kFlipped ? kTaps - 1 - tap : tap) * a.channels + threadIdx.x * kVector + i];
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.y;
  for (int64_t token = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; token < a.tokens; token += step) {
    float sum[kVector] = {};
    for_neighbours(a, token, [&](int tap, int64_t row) {
      float values[kVector];
      load<T>(values, a.x, row, a.channels);
      for (int i = 0; i < kVector; ++i) sum[i] += weight[tap][i] * values[i];
    });
    store<T>(y, token, a.channels, sum);
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) add_weight_gradient(const DepthwiseArgs a, const void* grad_y, float* sums) {
  float sum[kTaps][kVector] = {};
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.y;
  for (int64_t token = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; token < a.tokens; token += step) {
    float grad[kVector];
    load<T>(grad, grad_y, token, a.channels);
    for_neighbours(a, token, [&](int tap, int64_t row) {
      float values[kVector];
      load<T>(values, a.x, row, a.channels);
      for (int i = 0; i < kVector; ++i) sum[tap][i] += grad[i] * values[i];
    });
  }
  __shared__ float shared[kThreads * kVector];
  float* own = shared + threadIdx.x * kVector;  // of the channels, in every y
#pragma unroll
  for (int tap = 0; tap < kTaps; ++tap) {
    for (int i = 0; i < kVector; ++i) own[threadIdx.y * a.channels + i] = sum[tap][i];
    __syncthreads();
    if (threadIdx.y == 0)
      for (int i = 0; i < kVector; ++i) {
        float whole = 0;
        for (int y = 0; y < blockDim.y; ++y) whole += own[y * a.channels + i];
        sums[(static_cast<int64_t>(blockIdx.x) * kTaps + tap) * a.channels + threadIdx.x * kVector + i] = whole;
      }
    __syncthreads();
  }
}

bool fits(const DepthwiseArgs& a) { return a.channels % kVector == 0 && a.channels <= kThreads * kVector; }

template <class T>
cudaError_t run(const DepthwiseArgs& a, void* y, bool flipped, cudaStream_t stream) {
  const dim3 block = block_of(a);
  const auto grid = static_cast<unsigned>(std::min<int64_t>(4096, (a.tokens + block.y - 1) / block.y));
  if (flipped) convolve<T, true><<<grid, block, 0, stream>>>(a, y);
  else convolve<T, false><<<grid, block, 0, stream>>>(a, y);
  return cudaGetLastError();
}

}  // namespace

cudaError_t depthwise(const DepthwiseArgs& args, void* y, bool flipped, cudaStream_t stream) {
  if (!fits(args)) return cudaErrorInvalidValue;
  if (args.tokens == 0) return cudaSuccess;
  if (args.type == LowPrecision::kBf16) return run<__nv_bfloat16>(args, y, flipped, stream);
  return run<__half>(args, y, flipped, stream);
}

cudaError_t depthwise_weight_gradient(const DepthwiseArgs& args, const void* grad_y, float* sums, int blocks,
                                      cudaStream_t stream) {
  if (!fits(args)) return cudaErrorInvalidValue;
  if (args.type == LowPrecision::kBf16)
    add_weight_gradient<__nv_bfloat16><<<blocks, block_of(args), 0, stream>>>(args, grad_y, sums);
  else add_weight_gradient<__half><<<blocks, block_of(args), 0, stream>>>(args, grad_y, sums);
  return cudaGetLastError();
}

}  // namespace glid::cuda
