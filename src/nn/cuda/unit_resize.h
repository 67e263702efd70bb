// Kernels that halve and double the maps inside units, without LibTorch's headers.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "low_precision_type.h"

namespace glid::cuda {

// Fine tokens [units, 2S, 2S, C] and coarse ones [units, S, S, C], C a multiple of 8, 16-byte aligned.
struct UnitResizeArgs {
  LowPrecision type = LowPrecision::kBf16;
  int64_t units = 0;
  int side = 0;  // S
  int channels = 0;
};

// The largest of each 2 x 2; its gradient goes to the largest in equal shares.
cudaError_t max_of_fine(const UnitResizeArgs& args, const void* fine, void* coarse, cudaStream_t stream);
cudaError_t max_of_fine_gradient(const UnitResizeArgs& args, const void* fine, const void* grad_coarse, void* grad_fine,
                                 cudaStream_t stream);

// Each coarse token four times, and the sum of each 2 x 2, which is its gradient.
cudaError_t repeat_coarse(const UnitResizeArgs& args, const void* coarse, void* fine, cudaStream_t stream);
cudaError_t sum_of_fine(const UnitResizeArgs& args, const void* fine, void* coarse, cudaStream_t stream);

}  // namespace glid::cuda
