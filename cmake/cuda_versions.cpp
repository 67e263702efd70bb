// Configure-time probe: prints the versions of NCCL and cuDNN that the header, the library and torch have, and says what
// doesn't fit. NCCL's must be one: its version changes the layout of c10d's options. Of cuDNN, which torch alone calls, the
// library may be newer within the major version that torch was built with.
#include <ATen/Context.h>
#include <nccl.h>

#include <cstdio>

#if __has_include(<cudnn_version.h>)
#include <cudnn_version.h>
constexpr long kCudnnHeader = CUDNN_VERSION;
#else
constexpr long kCudnnHeader = 0;  // none is needed
#endif

#include "nccl_version.h"

int main() {
  int nccl = 0;
  ncclGetVersion(&nccl);
  const int torch_nccl = glid::nccl_version_of_libtorch();
  const auto& hooks = at::detail::getCUDAHooks();
  const bool has_cudnn = hooks.compiledWithCuDNN();
  const long cudnn = has_cudnn ? hooks.versionRuntimeCuDNN() : 0, torch_cudnn = has_cudnn ? hooks.versionCuDNN() : 0;
  std::printf("NCCL: header %d, library %d, torch %d; cuDNN: header %ld, library %ld, torch %ld", NCCL_VERSION_CODE, nccl,
              torch_nccl, kCudnnHeader, cudnn, torch_cudnn);
  if (NCCL_VERSION_CODE != nccl || nccl != torch_nccl) {
    std::puts(": NCCL must be the version that torch was built with");
  } else if (cudnn / 10000 != torch_cudnn / 10000 || cudnn < torch_cudnn) {
    std::puts(": cuDNN's library must be of the major version that torch was built with, and not older");
  } else if (has_cudnn && kCudnnHeader != 0 && kCudnnHeader / 10000 != torch_cudnn / 10000) {
    std::puts(": cuDNN's header is of another major version than torch was built with");
  } else {
    return 0;
  }
  return 1;
}
