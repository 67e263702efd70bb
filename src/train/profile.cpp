#include "glid/train/profile.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <ranges>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/output_place.h"
#include "glid/train/device.h"
#include "glid/train/flop_counter.h"
#include "glid/train/operation_times.h"
#include "glid/train/phase_timer.h"
#include "glid/train/session.h"

namespace glid {
namespace {

constexpr int kFirstSteps = 3;      // allocate, fill the caches and the loader's queue
constexpr int kTracedSteps = 3;     // enough for shares; thousands of events each
constexpr size_t kOperations = 20;  // shown

class Updates {
 public:
  explicit Updates(Session& session) : session_(session) {}

  // Returns the seconds that they took.
  double make(int steps) {
    const auto begin = std::chrono::steady_clock::now();
    at::Tensor norm;
    for (const int64_t end = done_ + steps; done_ < end; ++done_) {
      session_.communicator.set_step(done_ + 1);
      const std::vector<Batch> batches = session_.loader.next();
      norm = train_step(session_.learner, batches, session_.schedule.at(done_))->grad_norm;
    }
    (void)norm.item<float>();  // waits
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }

  // Of the first ones.
  double flop() {
    const FlopCounter counter;
    make(kFirstSteps);
    return counter.flop();
  }

 private:
  Session& session_;
  int64_t done_ = 0;
};

std::string line(const std::string& part, double ms, double whole_ms) {
  return format("  {:<12}{:>10.2f}{:>9.1f} %\n", part, ms, whole_ms > 0 ? 100 * ms / whole_ms : 0.0);
}

std::string updates_text(const std::vector<PhaseTime>& phases, double whole_s, int steps) {
  const double ms = 1000.0 / steps, whole_ms = whole_s * ms;
  std::string text = format("  {:<12}{:>10}{:>11}\n", "part", "ms", "of it");
  double rest_s = whole_s;
  for (const PhaseTime& phase : phases) {
    text += line(phase.name, phase.seconds * ms, whole_ms);
    rest_s -= phase.seconds;
  }
  return text + line("rest", rest_s * ms, whole_ms) + line("an update", whole_ms, whole_ms);
}

std::string threads_text(const std::vector<PhaseTime>& phases, int64_t images) {
  if (phases.empty()) return {};
  std::string text = "meanwhile in other threads, ms an image\n";
  for (const PhaseTime& phase : phases)
    text += format("  {:<12}{:>10.2f}\n", phase.name, 1000 * phase.seconds / static_cast<double>(images));
  return text;
}

std::string longest_text(const std::string& what, const std::vector<OperationTime>& times) {
  double whole_s = 0;
  int64_t calls = 0;
  for (const OperationTime& time : times) {
    whole_s += time.seconds;
    calls += time.calls;
  }
  std::string text = format("the longest {} of {} more; all {:.2f} ms and {:.0f} calls an update, recording included\n", what,
                            counted(kTracedSteps, "update"), 1000 * whole_s / kTracedSteps,
                            static_cast<double>(calls) / kTracedSteps);
  for (const OperationTime& time : times | std::views::take(kOperations))
    text += format("  {:8.2f} ms{:6.1f} %{:7.0f}x  {}\n", 1000 * time.seconds / kTracedSteps,
                   whole_s > 0 ? 100 * time.seconds / whole_s : 0.0, static_cast<double>(time.calls) / kTracedSteps,
                   time.name.substr(0, 100));
  return text;
}

std::string times_text(const RecordedTimes& times, const c10::Device& device) {
  if (device.is_cpu()) return longest_text("operations", times.operations);
  return (times.kernels.empty() ? "no kernel was seen: CUPTI, which tells of them, is not beside LibTorch\n"
                                : longest_text("kernels", times.kernels)) +
         longest_text("operations of the host, which start them,", times.operations);
}

// Kineto puts a new file in its place, also in a device's.
void require_trace(const std::filesystem::path& trace) {
  require_file("--trace", trace);
  if (std::filesystem::exists(trace) && !std::filesystem::is_regular_file(trace))
    throw UsageError("--trace", "is no file", trace.string(), "name a file to write");
}

std::string traced_text(Updates& updates, AtomicFile* trace, const c10::Device& device) {
  OperationTimes times(device);
  updates.make(kTracedSteps);
  const RecordedTimes recorded = times.finish(trace ? trace->path() : std::filesystem::path());
  if (trace) trace->commit();
  return times_text(recorded, device);
}

}  // namespace

std::string profile(const RunConfig& config, const ProfileOptions& options, Communicator& communicator,
                    const c10::Device& device) {
  std::optional<AtomicFile> trace;
  require_trace(options.trace);
  if (!options.trace.empty() && communicator.is_main()) trace.emplace(options.trace);
  Session session(config, config.dataset(Split::kTrain), batch_layout(config, communicator), communicator, device);
  Updates updates(session);
  const int64_t images = config.train.batch_size * options.steps, first_images = config.train.batch_size * kFirstSteps;
  const double gflop = 1e-9 * updates.flop() * communicator.size() / static_cast<double>(first_images);  // an image
  const double rate = static_cast<double>(images) / updates.make(options.steps);
  std::string text =
      format("{} of {} on {}, {}, {}\n", counted(options.steps, "update"), counted(config.train.batch_size, "image"),
             counted(communicator.size(), "rank"), counted(at::get_num_threads(), "thread"), device.str());
  {
    const PhaseTimer timer(device);
    const double seconds = updates.make(options.steps);
    text +=
        updates_text(timer.here(), seconds, options.steps) + threads_text(timer.elsewhere(), images / communicator.size());
  }
  text += traced_text(updates, trace ? &*trace : nullptr, device);
  return text +
         format("{:.1f} images/s, {:.4g} GFLOP an image, {:.4g} TFLOP/s, peak {:.0f} MiB\nprofile: no run was written\n",
                rate, gflop, 1e-3 * rate * gflop, peak_memory_mib(device));
}

}  // namespace glid
