#include "glid/train/progress.h"

#include <algorithm>

#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/progress_bar.h"

namespace glid {

namespace {

// " (mask 0.5 class 1.2)": terms summed over layers; nothing where there is one.
std::string terms_text(const std::vector<TermValue>& terms) {
  std::vector<TermValue> sums;
  for (const TermValue& term : terms) {
    const auto same = std::find_if(sums.begin(), sums.end(), [&](const TermValue& t) { return t.name == term.name; });
    if (same == sums.end()) sums.push_back(term);
    else same->value += term.value;
  }
  if (sums.size() < 2) return {};
  std::string text;
  for (const TermValue& sum : sums) text += format("{}{} {:.4f}", text.empty() ? " (" : " ", sum.name, sum.value);
  return text + ")";
}

}  // namespace

void Progress::begin_step(double waited_s) {
  step_begin_ = Clock::now();
  waited_before_s_ = waited_s;
}

void Progress::end_step(double waited_s) {
  seconds_ += std::chrono::duration<double>(Clock::now() - step_begin_).count();
  waited_s_ += waited_s - waited_before_s_;
  ++steps_;
}

std::string Progress::remaining(int64_t completed_steps) const {
  return duration_text(seconds_ / static_cast<double>(steps_) * static_cast<double>(total_ - completed_steps));
}

void Progress::draw_bar(int64_t completed_steps) const {
  if (!log_is_terminal()) return;
  log_status(format("{}  ETA {}", progress_bar(completed_steps, total_), remaining(completed_steps)));
}

void Progress::log(StepMetrics& m) {
  m.images_per_s = static_cast<double>(steps_ * images_a_step_) / seconds_;
  m.data_wait = waited_s_ / seconds_;
  log_info("step {}/{} epoch {:.2f} loss {:.4f}{} lr {:.3g} grad {:.3g} {:.0f} img/s wait {:.0f}% mem {:.0f} MiB ETA {}",
           m.step, total_, m.epoch, m.loss, terms_text(m.terms), m.lr, m.grad_norm, m.images_per_s, 100 * m.data_wait,
           m.memory_mib, remaining(m.step));
  *this = Progress(total_, images_a_step_);
}

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::max(0.0, seconds));
  return format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace glid
