#include "glid/train/device.h"

#include <ATen/Context.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <fstream>
#include <string>
#include <string_view>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/library_version.h"
#include "glid/core/log.h"
#include "glid/train/threads.h"

namespace glid {
namespace {

constexpr double kMib = 1024.0 * 1024.0;
constexpr double kShareOfFree = 0.8;  // of a host's memory: others work there too

// The number behind `key` in a file of /proc, in MiB; it stands there in KiB.
double proc_mib(const char* file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(key)) return std::stod(line.substr(key.size())) / 1024;
  return 0;
}

}  // namespace

c10::Device choose_device(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCuda && !at::hasCUDA())
    throw UsageError("train.device", "is cuda, but there is no usable GPU or this build has no CUDA", "", "use auto or cpu");
  if (choice == DeviceChoice::kCpu || !at::hasCUDA()) return c10::kCPU;
  const auto& cuda = at::detail::getCUDAHooks();
  if (cuda.compiledWithCuDNN()) require_library("cuDNN", "cudnnGetVersion", cuda.versionRuntimeCuDNN(), cuda.versionCuDNN());
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
  c10::impl::VirtualGuardImpl(c10::kCUDA).setDevice(device);
  return device;
}

void log_arithmetic(const TrainConfig& config, const c10::Device& device, const LaunchEnv& env) {
  log_info("{}, {}, {}", threads_text(config.threads, env), device.str(), config::name_of(config.precision));
  if (device.is_cpu() && config.precision == Precision::kFp16)
    log_rank_zero_warning(
        "train.precision: fp16 has no fast kernels on a CPU and takes some fifty times as long as fp32: "
        "--set train.precision=fp32, or bf16");
}

double memory_mib(const c10::Device& device) {
  if (device.is_cuda()) {
    const auto stats = at::getDeviceAllocator(c10::kCUDA)->getDeviceStats(device.index());
    return static_cast<double>(stats.allocated_bytes[0].peak) / kMib;
  }
  return proc_mib("/proc/self/status", "VmRSS:");
}

double peak_memory_mib(const c10::Device& device) {
  return device.is_cuda() ? memory_mib(device) : proc_mib("/proc/self/status", "VmHWM:");
}

void forget_peak_memory(const c10::Device& device) {
  if (device.is_cuda()) at::getDeviceAllocator(c10::kCUDA)->resetPeakStats(device.index());
  else std::ofstream("/proc/self/clear_refs") << '5';  // proc(5)
}

double memory_limit_mib(const c10::Device& device) {
  if (device.is_cuda()) {
    const auto [free, total] = at::getDeviceAllocator(c10::kCUDA)->getMemoryInfo(device.index());
    return static_cast<double>(total) / kMib;
  }
  return memory_mib(device) + kShareOfFree * proc_mib("/proc/meminfo", "MemAvailable:");
}

}  // namespace glid
