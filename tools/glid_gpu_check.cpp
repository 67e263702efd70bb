// Compares CPU and CUDA and tries NCCL with one rank; scripts/gpu_check.sh runs it.
#include "command_line.h"
#include "glid/train/gpu_check.h"
#include "glid/train/torch_environment.h"

int main(int argc, char** argv) {
  CLI::App app("Compares what CPU and GPU compute, and tries NCCL with one rank", "glid_gpu_check");
  glid::add_words(app, {.example = "glid_gpu_check", .environment = glid::torch_environment});
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_gpu_check",
                           [] { return glid::check_gpu() ? glid::ExitCode::kDone : glid::ExitCode::kInternal; });
}
