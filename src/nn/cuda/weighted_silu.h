// Kernels of silu(a weighted sum), without LibTorch's headers.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstdint>

#include "low_precision_type.h"

namespace glid::cuda {

constexpr int kMaxSummands = 3;

// All inputs of one 16-bit type, 16-byte aligned.
struct WeightedSiluArgs {
  LowPrecision type = LowPrecision::kBf16;
  const void* inputs[kMaxSummands] = {};
  const float* weights = nullptr;  // [summands]
  int summands = 0;
  int64_t count = 0;  // values of each, a multiple of 8
};

// y [count]
cudaError_t weighted_silu_forward(const WeightedSiluArgs& args, void* y, cudaStream_t stream);

// grad_y [count] -> a gradient of each input and sums [blocks, kMaxSummands], whose sum over blocks is the weights'
// gradient; sums keep their order.
cudaError_t weighted_silu_backward(const WeightedSiluArgs& args, const void* grad_y,
                                   const std::array<void*, kMaxSummands>& grads, float* sums, int blocks,
                                   cudaStream_t stream);

}  // namespace glid::cuda
