// What the fused operations of a CPU have in common.
#pragma once

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include "kernels.h"

namespace glid::cpu {

inline constexpr int64_t kChannelGroup = 16;  // channels come in multiples of it
// Sums over windows and tokens are made in so many parts, whatever the number of threads: so their order stays.
inline constexpr int64_t kParts = 16;

inline bool has_kernels(at::ScalarType type) { return type == at::kFloat || type == at::kBFloat16; }
inline bool has_kernels(const at::Tensor& tokens) { return tokens.is_cpu() && has_kernels(tokens.scalar_type()); }

// f(kernels of the type, a value of that type)
template <class F>
void with_kernels(at::ScalarType type, const F& f) {
  if (type == at::kFloat) f(kernels().of_float, float());
  else f(kernels().of_bf16, Bf16());
}

template <class T>
const T* in(const at::Tensor& tensor) {
  return static_cast<const T*>(tensor.const_data_ptr());
}
template <class T>
T* out(const at::Tensor& tensor) {
  return static_cast<T*>(tensor.mutable_data_ptr());
}

// f(part, begin, end) for kParts equal parts of [0, count), in parallel.
template <class F>
void in_parts(int64_t count, const F& f) {
  at::parallel_for(0, kParts, 1, [&](int64_t first, int64_t last) {
    for (int64_t part = first; part < last; ++part) f(part, count * part / kParts, count * (part + 1) / kParts);
  });
}

}  // namespace glid::cpu
