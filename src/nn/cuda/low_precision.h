// ATen's types for the kernels.
#pragma once

#include <c10/core/ScalarType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "window_attention.h"

namespace glid::cuda {

inline bool is_low(at::ScalarType type) { return type == at::kBFloat16 || type == at::kHalf; }
inline LowPrecision low_precision(at::ScalarType type) {
  return type == at::kHalf ? LowPrecision::kFp16 : LowPrecision::kBf16;
}

}  // namespace glid::cuda
