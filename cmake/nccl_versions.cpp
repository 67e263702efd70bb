// Configure-time probe: prints the NCCL versions of the header, the library and torch; succeeds when they are one.
#include <nccl.h>
#include <torch/csrc/cuda/nccl.h>

#include <cstdint>
#include <cstdio>

int main() {
  int library = 0;
  ncclGetVersion(&library);
  const uint64_t packed = torch::cuda::nccl::version();  // major << 32 | minor << 16 | patch
  const int torch_version = static_cast<int>((packed >> 32) * 10000 + ((packed >> 16) & 0xffff) * 100 + (packed & 0xffff));
  std::printf("header %d, library %d, torch %d\n", NCCL_VERSION_CODE, library, torch_version);
  return NCCL_VERSION_CODE == library && library == torch_version ? 0 : 1;
}
