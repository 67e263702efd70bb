// Which NCCL LibTorch was compiled with. The configure step includes this too.
#pragma once

#include <cstdint>

#include <torch/csrc/cuda/nccl.h>

namespace glid {

// As NCCL_VERSION_CODE of nccl.h.
inline int nccl_version_of_libtorch() {
  const uint64_t packed = torch::cuda::nccl::version();  // major << 32 | minor << 16 | patch
  return static_cast<int>((packed >> 32) * 10000 + ((packed >> 16) & 0xffff) * 100 + (packed & 0xffff));
}

}  // namespace glid
