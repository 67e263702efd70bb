// Kernels of fused window attention, without LibTorch's headers (nvcc takes a minute for them).
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "low_precision_type.h"

namespace glid::cuda {

// One bucket: W windows of L places, P = L rounded up to 16. 16-bit values stand in rows of 16-byte aligned multiples of 8.
struct WindowBucketArgs {
  LowPrecision type = LowPrecision::kBf16;
  const void* qkv = nullptr;            // [T, 3, heads, head_dim]
  const void* phantom = nullptr;        // [3, heads, head_dim], what stands at places without a token
  const float* table = nullptr;         // [R, heads]
  const int64_t* rows = nullptr;        // [W * L] the token at each place, T: none
  const int32_t* bias_index = nullptr;  // [D, L, L] rows of the table; code(query) - code(key) + a constant
  const float* key_mask = nullptr;      // [W, L] 0 or -inf; null: all seen
  void* out = nullptr;                  // [T, heads, head_dim]: rows of this bucket's tokens are written

  const void* grad_out = nullptr;  // backward: [T, heads, head_dim]
  void* grad_qkv = nullptr;        // [T, 3, heads, head_dim]: rows of this bucket's tokens are written
  float* grad_phantom = nullptr;   // [3, heads, head_dim]: added to
  float* grad_table = nullptr;     // [blocks, R, heads]: written; their sum is the gradient

  int64_t tokens = 0;  // T
  int windows = 0, length = 0, layouts = 0, heads = 0, head_dim = 0, table_rows = 0;
  int blocks = 0;  // of a head; each takes every blocks-th window
};

constexpr int kMaxWindowLength = 160;

// What a block of the larger (backward) kernel keeps on chip.
size_t window_attention_bytes(int length, int head_dim, int table_rows);

// As many as run at a time on so many processors, if there are windows for them. Sets args.blocks for a launch of its kind.
cudaError_t choose_blocks(WindowBucketArgs& args, bool backward, int processors);

// head_dim 16 or 32, length up to kMaxWindowLength. Gradients of the table and of the phantom
// add up in no fixed order.
cudaError_t window_attention_forward(const WindowBucketArgs& args, cudaStream_t stream);
cudaError_t window_attention_backward(const WindowBucketArgs& args, cudaStream_t stream);

}  // namespace glid::cuda
