#include <c10/cuda/CUDAFunctions.h>
#include <nccl.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "backends.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/library_version.h"
#include "nccl_version.h"

namespace glid {
namespace {

// c10d's options hold NCCL's, whose layout is that of a version: LibTorch must have seen our header.
void check_versions() {
  const int torch = nccl_version_of_libtorch();
  if (torch != NCCL_VERSION_CODE)
    throw UsageError("NCCL", format("this build needs a LibTorch with NCCL {}", library_version_text(NCCL_VERSION_CODE)),
                     library_version_text(torch), "use the LibTorch that it was built with, or build it with this one");
  int loaded = 0;
  ncclGetVersion(&loaded);
  require_library("NCCL", "ncclGetVersion", loaded, NCCL_VERSION_CODE);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, const LaunchEnv& env,
                                                    c10::Device device, std::chrono::milliseconds timeout) {
  check_versions();
  c10::cuda::set_device(device.index());
  const auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, env.rank, env.size, options);
}

}  // namespace glid
