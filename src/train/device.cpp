#include "glid/train/device.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

#include "glid/core/cpus.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"

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

bool env_says_threads() { return std::getenv("OMP_NUM_THREADS") != nullptr; }

}  // namespace

c10::Device choose_device(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCuda && !at::hasCUDA())
    throw UsageError("train.device", "is cuda, but there is no usable GPU or this build has no CUDA", "", "use auto or cpu");
  if (choice == DeviceChoice::kCpu || !at::hasCUDA()) return c10::kCPU;
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
  c10::impl::VirtualGuardImpl(c10::kCUDA).setDevice(device);
  return device;
}

void set_threads(std::optional<int64_t> wanted, const LaunchEnv& env) {
  if (!wanted && env_says_threads()) return;  // LibTorch read it
  const int64_t threads = env.local_size > 1 ? std::max<int64_t>(1, num_cpus() / env.local_size) : 0;
  at::set_num_threads(static_cast<int>(wanted ? *wanted : threads ? threads : num_free_cpus()));
}

void keep_threads(const TrainConfig& config, int64_t threads) {
  if (config.threads || env_says_threads() || threads == at::get_num_threads() || threads > num_cpus()) return;
  log_info("{} threads of {}, as the run had: train.threads takes others", threads, num_cpus());
  at::set_num_threads(static_cast<int>(threads));
}

std::string arithmetic_text(const TrainConfig& config, const c10::Device& device) {
  const int threads = at::get_num_threads();
  const bool is_choice = config.threads || env_says_threads();
  const std::string others =
      is_choice || threads >= num_cpus() ? "" : format(" ({} processors; train.threads takes more)", num_cpus());
  return format("{} thread{}{}, {}, {}", threads, threads == 1 ? "" : "s", others, device.str(),
                config::name_of(config.precision));
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
