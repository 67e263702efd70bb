// A thread has eight channels of a token: a block's x runs over the channels, its y over tokens.
#include "depthwise.h"

#include <algorithm>

#include "low_precision.cuh"

namespace glid::cuda {
namespace {

constexpr int kVector = 8, kThreads = 256;

dim3 block_of(const DepthwiseArgs& a) {
  const int groups = a.channels / kVector;
  return {static_cast<unsigned>(groups), static_cast<unsigned>(std::max(1, kThreads / groups))};
}

__global__ void __launch_bounds__(kThreads) find(const ImageCells a, int32_t* neighbours) {
  const int64_t token = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (token >= a.tokens) return;
  const int64_t cell = a.cells[token];
  const int within = static_cast<int>(cell % (static_cast<int64_t>(a.height) * a.width)), y = within / a.width,
            x = within % a.width;
  for (int tap = 0; tap < kTaps; ++tap) {
    const int dy = tap / 3 - 1, dx = tap % 3 - 1;
    const bool inside = y + dy >= 0 && y + dy < a.height && x + dx >= 0 && x + dx < a.width;
    const int64_t row = inside ? a.rows[cell + dy * a.width + dx] : a.tokens;
    neighbours[token * kTaps + tap] = row < a.tokens ? static_cast<int32_t>(row) : -1;
  }
}

// Of all neighbours before any is used: so many reads are on their way together.
template <class T>
struct Around {
  alignas(16) T values[kTaps][kVector];

  __device__ Around(const DepthwiseArgs& a, int64_t token) {
    const T* x = static_cast<const T*>(a.x) + threadIdx.x * kVector;
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap) {
      const int32_t row = a.neighbours[token * kTaps + tap];
      *reinterpret_cast<uint4*>(values[tap]) =
          row >= 0 ? *reinterpret_cast<const uint4*>(x + static_cast<int64_t>(row) * a.channels) : make_uint4(0, 0, 0, 0);
    }
  }
};

// f(token) for the tokens of a thread.
template <class F>
__device__ void for_tokens(int64_t tokens, const F& f) {
  const int64_t step = static_cast<int64_t>(gridDim.x) * blockDim.y;
  for (int64_t token = static_cast<int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; token < tokens; token += step) f(token);
}

template <class T, bool kFlipped>
__global__ void __launch_bounds__(kThreads, 3) convolve(const DepthwiseArgs a, T* y) {
  extern __shared__ float weights[];  // [9, C]
  for (int i = threadIdx.y * blockDim.x + threadIdx.x; i < kTaps * a.channels; i += blockDim.x * blockDim.y)
    weights[i] = a.weight[i];
  __syncthreads();
  for_tokens(a.tokens, [&](int64_t token) {
    const Around<T> around(a, token);
    float sum[kVector] = {};
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap) {
      float weight[kVector];
      load_floats(weight, weights + (kFlipped ? kTaps - 1 - tap : tap) * a.channels + threadIdx.x * kVector);
      for (int i = 0; i < kVector; ++i) sum[i] += weight[i] * static_cast<float>(around.values[tap][i]);
    }
    store_floats(y + token * a.channels + threadIdx.x * kVector, sum);
  });
}

template <class T>
__global__ void __launch_bounds__(kThreads, 2) add_weight_gradient(const DepthwiseArgs a, const T* grad_y, float* sums) {
  float sum[kTaps][kVector] = {};
  for_tokens(a.tokens, [&](int64_t token) {
    const Around<T> around(a, token);
    float grad[kVector];
    load_floats(grad, grad_y + token * a.channels + threadIdx.x * kVector);
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap)
      for (int i = 0; i < kVector; ++i) sum[tap][i] += grad[i] * static_cast<float>(around.values[tap][i]);
  });
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

bool fits(const DepthwiseArgs& a) { return a.channels % kVector == 0 && a.channels <= kMaxDepthwiseChannels; }

template <class T>
cudaError_t run(const DepthwiseArgs& a, T* y, bool flipped, cudaStream_t stream) {
  constexpr int64_t kMostBlocks = 2048;
  const dim3 block = block_of(a);
  const auto grid = static_cast<unsigned>(std::min(kMostBlocks, (a.tokens + block.y - 1) / block.y));
  const size_t bytes = sizeof(float) * kTaps * a.channels;
  if (flipped) convolve<T, true><<<grid, block, bytes, stream>>>(a, y);
  else convolve<T, false><<<grid, block, bytes, stream>>>(a, y);
  return cudaGetLastError();
}

}  // namespace

cudaError_t find_neighbours(const ImageCells& images, int32_t* neighbours, cudaStream_t stream) {
  if (images.tokens == 0) return cudaSuccess;
  find<<<static_cast<unsigned>((images.tokens + kThreads - 1) / kThreads), kThreads, 0, stream>>>(images, neighbours);
  return cudaGetLastError();
}

cudaError_t depthwise(const DepthwiseArgs& args, void* y, bool flipped, cudaStream_t stream) {
  if (!fits(args)) return cudaErrorInvalidValue;
  if (args.tokens == 0) return cudaSuccess;
  if (args.type == LowPrecision::kBf16) return run(args, static_cast<__nv_bfloat16*>(y), flipped, stream);
  return run(args, static_cast<__half*>(y), flipped, stream);
}

cudaError_t depthwise_weight_gradient(const DepthwiseArgs& args, const void* grad_y, float* sums, int blocks,
                                      cudaStream_t stream) {
  if (!fits(args)) return cudaErrorInvalidValue;
  const dim3 block = block_of(args);
  if (args.type == LowPrecision::kBf16)
    add_weight_gradient<<<blocks, block, 0, stream>>>(args, static_cast<const __nv_bfloat16*>(grad_y), sums);
  else add_weight_gradient<<<blocks, block, 0, stream>>>(args, static_cast<const __half*>(grad_y), sums);
  return cudaGetLastError();
}

}  // namespace glid::cuda
