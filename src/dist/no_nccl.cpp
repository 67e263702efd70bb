#include "backends.h"
#include "glid/core/error.h"

namespace glid {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>&, const LaunchEnv&,
                                                    c10::Device device, std::chrono::milliseconds) {
  throw UsageError("device", "GLID was built without CUDA", device.str(), "use the CPU, or build the cuda preset");
}

}  // namespace glid
