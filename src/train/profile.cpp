#include "glid/train/profile.h"

#include <ATen/Parallel.h>

#include <chrono>

#include "glid/core/format.h"
#include "glid/train/device.h"
#include "glid/train/flop_counter.h"
#include "glid/train/phase_timer.h"
#include "glid/train/session.h"

namespace glid {
namespace {

constexpr int kFirstSteps = 3;  // allocate, fill the caches and the loader's queue

void make_updates(Session& session, int64_t first, int steps) {
  for (int64_t step = first; step < first + steps; ++step) {
    session.communicator.set_step(step + 1);
    const std::vector<Batch> batches = session.loader.next();
    (void)train_step(session.learner, batches, session.schedule.at(step))->grad_norm.item<float>();  // waits
  }
}

// The first ones, in which nothing is timed.
double flop_of_first_updates(Session& session) {
  const FlopCounter counter;
  make_updates(session, 0, kFirstSteps);
  return counter.flop();
}

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

}  // namespace

std::string profile(const RunConfig& config, int steps, Communicator& communicator, const c10::Device& device) {
  Session session(config, config.dataset(Split::kTrain), batch_layout(config, communicator), communicator, device);
  const double flop = flop_of_first_updates(session);
  const PhaseTimer timer(device);
  const auto begin = std::chrono::steady_clock::now();
  make_updates(session, kFirstSteps, steps);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const int64_t images = config.train.batch_size * steps, first_images = config.train.batch_size * kFirstSteps;
  const double gflop = 1e-9 * flop * communicator.size() / static_cast<double>(first_images);  // an image
  std::string text = format("{} updates of {} images on {} rank(s), {} thread(s), {}\n", steps, config.train.batch_size,
                            communicator.size(), at::get_num_threads(), device.str());
  text += updates_text(timer.here(), seconds, steps) + threads_text(timer.elsewhere(), images / communicator.size());
  return text + format("{:.1f} images/s, {:.4g} GFLOP an image, peak {:.0f} MiB\nprofile: nothing was written\n",
                       static_cast<double>(images) / seconds, gflop, peak_memory_mib(device));
}

}  // namespace glid
