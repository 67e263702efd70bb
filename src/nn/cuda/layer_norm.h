// Kernels of LayerNorm with a 16-bit result, without LibTorch's headers.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "low_precision_type.h"

namespace glid::cuda {

struct LayerNormArgs {
  LowPrecision type = LowPrecision::kBf16;         // of y and its gradient
  bool low_x = false;                              // x and its gradient are of that type too, else fp32
  const void* x = nullptr;                         // [rows, C], 16-byte aligned
  const float *weight = nullptr, *bias = nullptr;  // [C]
  float *mean = nullptr, *rstd = nullptr;          // [rows]: written forward, read backward
  int64_t rows = 0;
  int channels = 0;  // a multiple of 4, up to kMaxNormChannels
  float eps = 0;
};

constexpr int kMaxNormChannels = 1024;

// y [rows, C]
cudaError_t layer_norm_forward(const LayerNormArgs& args, void* y, cudaStream_t stream);

// grad_y [rows, C] -> grad_x [rows, C] and sums [blocks, 2, C], whose sum over blocks is the gradient of weight and bias;
// sums keep their order.
cudaError_t layer_norm_backward(const LayerNormArgs& args, const void* grad_y, void* grad_x, float* sums, int blocks,
                                cudaStream_t stream);

}  // namespace glid::cuda
