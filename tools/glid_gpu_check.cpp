// Compares CPU and CUDA and tries NCCL with one rank; scripts/gpu_check.sh runs it.
#include "glid/core/error.h"
#include "glid/train/gpu_check.h"

int main() {
  return glid::run_program("glid_gpu_check",
                           [] { return glid::check_gpu() ? glid::ExitCode::kDone : glid::ExitCode::kInternal; });
}
