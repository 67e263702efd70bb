#include "glid/train/operation_times.h"

#include <c10/core/impl/VirtualGuardImpl.h>
#include <kineto/ActivityType.h>
#include <torch/csrc/autograd/profiler_kineto.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "glid/core/disk_error.h"

namespace glid {
namespace {

namespace kineto = torch::autograd::profiler;
using torch::profiler::impl::ActivityType;
using Events = std::vector<const kineto::KinetoEvent*>;
using Times = std::map<std::string, OperationTime>;

const torch::profiler::impl::ProfilerConfig& settings() {
  static const torch::profiler::impl::ProfilerConfig config(torch::profiler::impl::ProfilerState::KINETO);
  return config;
}

std::set<ActivityType> activities(const c10::Device& device) {
  if (device.is_cuda()) return {ActivityType::CPU, ActivityType::CUDA};
  return {ActivityType::CPU};
}

void settle(const c10::Device& device) {
  if (!device.is_cpu()) c10::impl::VirtualGuardImpl(device.type()).synchronizeDevice(device.index());
}

void add(Times& times, const kineto::KinetoEvent& event, double seconds, int64_t calls) {
  OperationTime& time = times[event.name()];
  time.seconds += seconds;
  time.calls += calls;
}

double seconds(const kineto::KinetoEvent& event) { return 1e-9 * static_cast<double>(event.durationNs()); }

bool runs_on_gpu(const kineto::KinetoEvent& event) {
  using libkineto::ActivityType;
  const auto type = static_cast<ActivityType>(event.activityType());
  return type == ActivityType::CONCURRENT_KERNEL || type == ActivityType::GPU_MEMCPY || type == ActivityType::GPU_MEMSET;
}

bool is_operation(const kineto::KinetoEvent& event) {
  return event.deviceType() == c10::kCPU &&
         static_cast<libkineto::ActivityType>(event.activityType()) == libkineto::ActivityType::CPU_OP;
}

// Operations of one thread, each within another or apart from it: an inner one's time is taken from the one around it.
void add_own_times(Times& times, Events& events) {
  std::ranges::sort(events, [](const auto* a, const auto* b) {
    return std::pair(a->startNs(), b->endNs()) < std::pair(b->startNs(), a->endNs());
  });
  Events around;
  for (const kineto::KinetoEvent* event : events) {
    while (!around.empty() && around.back()->endNs() <= event->startNs()) around.pop_back();
    if (!around.empty()) add(times, *around.back(), -seconds(*event), 0);
    add(times, *event, seconds(*event), 1);
    around.push_back(event);
  }
}

Times times_on_cpu(const std::vector<kineto::KinetoEvent>& events) {
  std::map<uint64_t, Events> threads;
  for (const kineto::KinetoEvent& event : events)
    if (is_operation(event)) threads[event.startThreadId()].push_back(&event);
  Times times;
  for (Events& of_thread : threads | std::views::values) add_own_times(times, of_thread);
  return times;
}

Times times_on_gpu(const std::vector<kineto::KinetoEvent>& events) {
  Times times;
  for (const kineto::KinetoEvent& event : events)
    if (runs_on_gpu(event)) add(times, event, seconds(event), 1);
  return times;
}

std::vector<OperationTime> longest_first(Times times) {
  std::vector<OperationTime> sorted;
  for (auto& [name, time] : times) {
    time.name = name;
    sorted.push_back(std::move(time));
  }
  std::ranges::sort(sorted, std::greater(), &OperationTime::seconds);
  return sorted;
}

// Kineto says nothing where the disk refuses: what it leaves then has no end.
void save(kineto::ProfilerResult& result, const std::filesystem::path& trace) {
  result.save(trace.string());
  std::ifstream file(trace, std::ios::ate | std::ios::binary);
  const auto size = static_cast<std::streamoff>(file.tellg());
  constexpr std::streamoff kEnd = 16;
  std::string end(static_cast<size_t>(std::clamp<std::streamoff>(size, 0, kEnd)), '\0');
  if (size > 0) file.seekg(-std::ssize(end), std::ios::end).read(end.data(), std::ssize(end));
  if (end.find('}') == std::string::npos) throw_disk_error(trace, "a trace can't be written");
}

}  // namespace

OperationTimes::OperationTimes(const c10::Device& device) : device_(device) {
  if (device.is_cpu()) ::setenv("KINETO_LOG_LEVEL", "99", /*overwrite=*/0);  // it would call a missing GPU an error
  settle(device);
  kineto::prepareProfiler(settings(), activities(device));
  kineto::enableProfiler(settings(), activities(device),
                         {at::RecordScope::FUNCTION, at::RecordScope::BACKWARD_FUNCTION, at::RecordScope::USER_SCOPE});
}

OperationTimes::~OperationTimes() {
  if (recording_) (void)kineto::disableProfiler();
}

RecordedTimes OperationTimes::finish(const std::filesystem::path& trace) {
  settle(device_);
  recording_ = false;
  const auto result = kineto::disableProfiler();
  if (!trace.empty()) save(*result, trace);
  return {.operations = longest_first(times_on_cpu(result->events())),
          .kernels = longest_first(times_on_gpu(result->events()))};
}

}  // namespace glid
