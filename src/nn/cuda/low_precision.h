// ATen's types for the kernels.
#pragma once

#include <ATen/autocast_mode.h>
#include <c10/core/ScalarType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>

#include "low_precision_type.h"

namespace glid::cuda {

inline bool is_low(at::ScalarType type) { return type == at::kBFloat16 || type == at::kHalf; }
inline LowPrecision low_precision(at::ScalarType type) {
  return type == at::kHalf ? LowPrecision::kFp16 : LowPrecision::kBf16;
}

// What autocast computes in on GPUs; nothing where it is off.
inline std::optional<at::ScalarType> autocast_type() {
  if (!at::autocast::is_autocast_enabled(at::kCUDA)) return std::nullopt;
  return at::autocast::get_autocast_dtype(at::kCUDA);
}

}  // namespace glid::cuda
