#include "glid/train/torch_environment.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <dlfcn.h>
#include <torch/headeronly/version.h>

#include <algorithm>
#include <filesystem>

#include "glid/core/format.h"
#include "glid/core/library_version.h"

namespace glid {
namespace {

// The folder of libtorch_cpu, as it is loaded.
std::string place_of_libtorch() {
  Dl_info library{};
  return ::dladdr(reinterpret_cast<void*>(&at::get_num_threads), &library) != 0
      ? std::filesystem::path(library.dli_fname).parent_path().string()
      : "";
}

bool is_loaded(const char* library) {
  void* handle = ::dlopen(library, RTLD_NOLOAD | RTLD_LAZY);
  return handle != nullptr && ::dlclose(handle) == 0;
}

// What LibTorch was built with and sees, in one line.
std::string cuda_text() {
  if (!at::hasCUDA()) return is_loaded("libtorch_cuda.so") ? "no usable GPU" : "a build without CUDA";
  std::string text = at::detail::getCUDAHooks().showConfig();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

// Of the libraries that are loaded, whoever linked them.
std::string nccl_text() {
  int version = 0;
  const auto get = reinterpret_cast<int (*)(int*)>(::dlsym(RTLD_DEFAULT, "ncclGetVersion"));
  if (get == nullptr || get(&version) != 0) return "a build without NCCL";
  return format("{} in {}", library_version_text(version), library_of("ncclGetVersion"));
}

std::string cudnn_text() {
  const auto get = reinterpret_cast<size_t (*)()>(::dlsym(RTLD_DEFAULT, "cudnnGetVersion"));
  if (get == nullptr) return "a build without cuDNN";
  return format("{} in {}", library_version_text(static_cast<int64_t>(get())), library_of("cudnnGetVersion"));
}

}  // namespace

Facts torch_environment() {
  return {{"LibTorch", format("{} in {}", TORCH_VERSION, place_of_libtorch())},
          {"threads", format("{}", at::get_num_threads())},
          {"CUDA", cuda_text()},
          {"usable GPUs", format("{}", at::hasCUDA() ? at::getNumGPUs() : 0)},
          {"cuDNN", cudnn_text()},
          {"NCCL", nccl_text()}};
}

}  // namespace glid
