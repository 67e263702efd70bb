#include "glid/core/pace.h"

#include "glid/core/counted.h"
#include "glid/core/log.h"
#include "glid/core/progress_bar.h"

namespace glid {
namespace {

template <class Time>
double seconds_between(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void Pace::show(int64_t done) {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  const std::string numbers = format("{:.1f} {}s/s", static_cast<double>(done) / seconds_between(begin_, now), one_);
  log_status(format("{} {}  {}", progress_bar(done, total_), what_, numbers));
  if (log_is_terminal() || now - last_line_ < between_lines_) return;
  last_line_ = now;
  log_info("{}: {} of {}, {}", what_, done, total_, numbers);
}

void Pace::end(int64_t done) const {
  log_status("");
  const double seconds = seconds_between(begin_, Clock::now());
  log_info("{}: {} in {:.1f} s, {:.1f} {}s/s", what_, counted(done, one_), seconds, static_cast<double>(done) / seconds,
           one_);
}

}  // namespace glid
