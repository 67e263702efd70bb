#include <c10/cuda/CUDAFunctions.h>

#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "backends.h"

namespace glid {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store, const LaunchEnv& env,
                                                    c10::Device device) {
  c10::cuda::set_device(device.index());
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, env.rank, env.size);
}

}  // namespace glid
