// LibTorch and what it computes with, for bug reports (no LibTorch).
#pragma once

#include "glid/core/environment.h"

namespace glid {

// LibTorch's version and place, CUDA, cuDNN and NCCL (or that the build has none), GPUs, threads.
Facts torch_environment();

}  // namespace glid
