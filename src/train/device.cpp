#include "glid/train/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "glid/core/error.h"

namespace glid {

c10::Device choose_device(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCuda && !at::hasCUDA())
    throw UsageError("train.device", "is cuda, but there is no usable GPU or this build has no CUDA", "", "use auto or cpu");
  if (choice == DeviceChoice::kCpu || !at::hasCUDA()) return c10::kCPU;
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
  c10::impl::VirtualGuardImpl(c10::kCUDA).setDevice(device);
  return device;
}

void set_threads(const TrainConfig& config) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(config.threads.value_or(cores)));
}

double memory_mib(const c10::Device& device) {
  constexpr double kMib = 1024.0 * 1024.0;
  if (device.is_cuda()) {
    const auto stats = at::getDeviceAllocator(c10::kCUDA)->getDeviceStats(device.index());
    return static_cast<double>(stats.allocated_bytes[0].peak) / kMib;
  }
  std::ifstream statm("/proc/self/statm");
  double pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * 4096 / kMib;
}

double peak_memory_mib(const c10::Device& device) {
  if (device.is_cuda()) return memory_mib(device);
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return memory_mib(device);
}

}  // namespace glid
