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
  if (steps_in_all_ == 0) begin_ = step_begin_;
  waited_before_s_ = waited_s;
}

void Progress::end_step(double waited_s) {
  seconds_ += std::chrono::duration<double>(Clock::now() - step_begin_).count();
  waited_s_ += waited_s - waited_before_s_;
  ++steps_;
  ++steps_in_all_;
}

double Progress::running_s() const { return std::chrono::duration<double>(Clock::now() - begin_).count(); }

std::string Progress::remaining(int64_t completed_steps) const {
  return duration_text(remaining_s(running_s(), steps_in_all_, total_ - completed_steps));
}

void Progress::show(int64_t completed_steps) {
  if (log_is_terminal()) {
    log_status(format("{}  ETA {}", progress_bar(completed_steps, total_), remaining(completed_steps)));
  } else if (!has_line_ && running_s() >= first_line_s_) {
    log_info("step {}/{} made, losses follow as log.every_steps says; ETA {}", completed_steps, total_,
             remaining(completed_steps));
    has_line_ = true;
  }
}

void Progress::log(StepMetrics& m) {
  m.images_per_s = static_cast<double>(steps_ * images_a_step_) / seconds_;
  m.data_wait = waited_s_ / seconds_;
  has_line_ = true;
  log_info("step {}/{} epoch {:.2f} loss {:.4f}{} lr {:.3g} grad {:.3g} {:.{}f} img/s wait {:.0f}% mem {:.0f} MiB ETA {}",
           m.step, total_, m.epoch, m.loss, terms_text(m.terms), m.lr, m.grad_norm, m.images_per_s,
           m.images_per_s < 10 ? 1 : 0, 100 * m.data_wait, m.memory_mib, remaining(m.step));
  seconds_ = waited_s_ = 0;
  steps_ = 0;
}

double remaining_s(double seconds, int64_t steps, int64_t steps_left) {
  return seconds / static_cast<double>(std::max<int64_t>(1, steps)) * static_cast<double>(steps_left);
}

std::string duration_text(double seconds) {
  const auto s = static_cast<int64_t>(std::max(0.0, seconds));
  if (s >= 24 * 3600) return format("{} d {:02} h", s / (24 * 3600), s / 3600 % 24);
  return format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
}

}  // namespace glid
