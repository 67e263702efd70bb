// Kernels of a depthwise 3 x 3 convolution on tokens, without LibTorch's headers.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "low_precision_type.h"

namespace glid::cuda {

constexpr int kTaps = 9;

// Tokens stand in images of H x W cells; cells without one are zero, as are those around an image.
struct ImageCells {
  const int64_t* rows = nullptr;   // [B * H * W] the token of each cell, T: none
  const int64_t* cells = nullptr;  // [T] the cell of each token
  int64_t tokens = 0;
  int height = 0, width = 0;
};

// [T, 9] the tokens in the 3 x 3 cells around each, row by row; -1: none.
cudaError_t find_neighbours(const ImageCells& images, int32_t* neighbours, cudaStream_t stream);

struct DepthwiseArgs {
  LowPrecision type = LowPrecision::kBf16;
  const void* x = nullptr;              // [T, C], 16-byte aligned
  const float* weight = nullptr;        // [9, C]
  const int32_t* neighbours = nullptr;  // [T, 9]
  int64_t tokens = 0;
  int channels = 0;  // a multiple of 8, up to kMaxDepthwiseChannels
};

constexpr int kMaxDepthwiseChannels = 1024;

// y [T, C]; `flipped`: with the weights turned by 180 degrees, which makes the gradient of x from that of y.
cudaError_t depthwise(const DepthwiseArgs& args, void* y, bool flipped, cudaStream_t stream);

// grad_y [T, C] -> [blocks, 9, C], whose sum is the gradient of the weights; sums keep their order.
cudaError_t depthwise_weight_gradient(const DepthwiseArgs& args, const void* grad_y, float* sums, int blocks,
                                      cudaStream_t stream);

}  // namespace glid::cuda
