#include "glid/train/phase_timer.h"

#include <ATen/record_function.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace glid {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// What is being recorded. A callback of ATen's can carry nothing, so this is the program's only one.
struct Recording {
  std::mutex mutex;
  std::vector<PhaseTime> here, elsewhere;
  std::thread::id thread;
  c10::Device device = c10::kCPU;
  at::CallbackHandle handle = at::INVALID_CALLBACK_HANDLE;
};
Recording recording;

bool is_here() { return std::this_thread::get_id() == recording.thread; }

void settle() {
  if (is_here() && !recording.device.is_cpu())
    c10::impl::VirtualGuardImpl(recording.device.type()).synchronizeDevice(recording.device.index());
}

thread_local double inside_s = 0;  // of the phases that ended inside the present one

struct Phase : at::ObserverContext {
  Clock::time_point begin;
  double outer_inside_s = 0;
};

std::unique_ptr<at::ObserverContext> begin_phase(const at::RecordFunction&) {
  settle();
  auto phase = std::make_unique<Phase>();
  phase->outer_inside_s = std::exchange(inside_s, 0);
  phase->begin = Clock::now();
  return phase;
}

void end_phase(const at::RecordFunction& function, at::ObserverContext* context) {
  const auto* phase = static_cast<const Phase*>(context);
  settle();
  const double whole = seconds_since(phase->begin), own = whole - inside_s;
  inside_s = phase->outer_inside_s + whole;
  const std::lock_guard lock(recording.mutex);
  std::vector<PhaseTime>& times = is_here() ? recording.here : recording.elsewhere;
  const auto found = std::ranges::find(times, function.name(), &PhaseTime::name);
  if (found == times.end()) times.push_back({function.name(), own});
  else found->seconds += own;
}

}  // namespace

PhaseTimer::PhaseTimer(const c10::Device& device) {
  TORCH_CHECK(recording.handle == at::INVALID_CALLBACK_HANDLE, "one PhaseTimer at a time");
  recording.thread = std::this_thread::get_id();
  recording.device = device;
  recording.here.clear();
  recording.elsewhere.clear();
  recording.handle =
      at::addGlobalCallback(at::RecordFunctionCallback(&begin_phase, &end_phase).scopes({at::RecordScope::USER_SCOPE}));
}

PhaseTimer::~PhaseTimer() { at::removeCallback(std::exchange(recording.handle, at::INVALID_CALLBACK_HANDLE)); }

std::vector<PhaseTime> PhaseTimer::here() const {
  const std::lock_guard lock(recording.mutex);
  return recording.here;
}

std::vector<PhaseTime> PhaseTimer::elsewhere() const {
  const std::lock_guard lock(recording.mutex);
  return recording.elsewhere;
}

}  // namespace glid
