// Kernels of fused operations on a CPU: plain memory, no LibTorch, so that they can be compiled for several processors. T is
// float or Bf16, the types of tensors; sums are floats. Channels are multiples of 16.
#pragma once

#include <cstdint>

namespace glid::cpu {

struct Bf16 {
  uint16_t bits;
};

// Windows of one length L; C = heads * head_dim, head_dim a multiple of 16. Row T stands for the phantom.
template <typename T>
struct WindowArgs {
  const T *qkv = nullptr, *phantom = nullptr;  // [T, 3C], [3C]
  const float* table = nullptr;                // [heads, R]
  const int64_t* rows = nullptr;               // [W, L]
  const int32_t* bias_index = nullptr;         // [D, L, L]
  const float* key_mask = nullptr;             // [W, L] or none
  int64_t tokens = 0, heads = 0, head_dim = 0, table_rows = 0, length = 0, layouts = 0;
  T* out = nullptr;  // [T, C]
  // of the backward pass
  const T* grad_out = nullptr;    // [T, C]
  T* grad_qkv = nullptr;          // [T, 3C]
  float* grad_phantom = nullptr;  // [3C], added to
  float* grad_table = nullptr;    // [heads, R], added to

  [[gnu::always_inline]] int64_t channels() const { return heads * head_dim; }
};

// Tokens with the rows of their 3 x 3 neighbours; a negative one is 0.
template <typename T>
struct TapArgs {
  const T* x = nullptr;                 // [T, C]
  const float* weight = nullptr;        // [9, C]
  const int32_t* neighbours = nullptr;  // [T, 9]
  int64_t channels = 0;
};

constexpr int kMostSummands = 3;

// silu(sum of weights[i] * inputs[i])
template <typename T>
struct SummandArgs {
  const T* inputs[kMostSummands] = {};
  float weights[kMostSummands] = {};
  int count = 0;
};

// Rows of a product, and what is still to be added.
template <typename T>
struct BiasedArgs {
  const T* x = nullptr;         // [rows, C]
  const float* bias = nullptr;  // [C]
  int64_t channels = 0;
};

// Tokens of units, unit-major: 2 x 2 fine ones for each coarse one, of maps `side` wide.
template <typename T>
struct UnitArgs {
  const T* from = nullptr;
  T* to = nullptr;
  int64_t side = 0, channels = 0;
};

// All take a range: of windows, of tokens, of elements (in multiples of 16), of coarse tokens, of rows.
template <typename T>
struct KernelsOf {
  void (*attend)(const WindowArgs<T>&, int64_t begin, int64_t end, float* scratch);
  void (*attend_backward)(const WindowArgs<T>&, int64_t begin, int64_t end, float* scratch);
  // `flipped`: the gradient of x, given that of the result as x.
  void (*depthwise)(const TapArgs<T>&, T* y, bool flipped, int64_t begin, int64_t end);
  void (*depthwise_weights)(const TapArgs<T>&, const T* grad, float* sums, int64_t begin, int64_t end);  // [9, C], added to
  void (*weighted_silu)(const SummandArgs<T>&, T* y, int64_t begin, int64_t end);
  // Gradients of the inputs, and of the weights, added to.
  void (*weighted_silu_backward)(const SummandArgs<T>&, const T* grad, T* const* grads, float* sums, int64_t begin,
                                 int64_t end);
  void (*pool)(const UnitArgs<T>&, int64_t begin, int64_t end);
  void (*pool_backward)(const UnitArgs<T>&, const T* fine, int64_t begin, int64_t end);  // from: of coarse ones
  void (*up)(const UnitArgs<T>&, int64_t begin, int64_t end);
  void (*up_backward)(const UnitArgs<T>&, int64_t begin, int64_t end);
  void (*biased_gelu)(const BiasedArgs<T>&, T* y, int64_t begin, int64_t end);
  // The gradient of x, and that of the bias [C], added to.
  void (*biased_gelu_backward)(const BiasedArgs<T>&, const T* grad, T* grad_x, float* sums, int64_t begin, int64_t end);
};

struct Kernels {
  KernelsOf<float> of_float;
  KernelsOf<Bf16> of_bf16;
};

constexpr int64_t kTaps = 9;  // of a 3 x 3 convolution

// Of a window's length: whole vectors.
[[gnu::always_inline]] constexpr int64_t padded_length(int64_t length) { return (length + 15) / 16 * 16; }

// Floats that attend() and attend_backward() need.
[[gnu::always_inline]] constexpr int64_t attention_scratch(int64_t length, int64_t head_dim) {
  const int64_t padded = padded_length(length);
  return 7 * length * head_dim + 2 * head_dim * padded + 2 * length * padded + 2 * padded;
}

// The fastest that this processor can run.
const Kernels& kernels();

}  // namespace glid::cpu
