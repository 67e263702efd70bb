// How fast a run is, on the console.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "glid/train/run_log.h"

namespace glid {

// Times the steps between two logged ones, and the run for what remains of it.
class Progress {
 public:
  // Where no line of a step was logged for `first_line_s` from the first step on, one tells that the run is going.
  Progress(int64_t total_steps, int64_t images_a_step, double first_line_s = 30)
      : total_(total_steps), images_a_step_(images_a_step), first_line_s_(first_line_s) {}

  // Around the work of a step; `waited_s` is what the run has waited for images so far.
  void begin_step(double waited_s);
  void end_step(double waited_s);

  // On a terminal the bar with the remaining time, elsewhere the one early line.
  void show(int64_t completed_steps);
  // Adds pace and waiting since the last call to `metrics` and logs its line.
  void log(StepMetrics& metrics);

 private:
  using Clock = std::chrono::steady_clock;
  double running_s() const;
  std::string remaining(int64_t completed_steps) const;

  int64_t total_, images_a_step_;
  double first_line_s_;
  bool has_line_ = false;
  Clock::time_point step_begin_{};
  double waited_before_s_ = 0;
  double seconds_ = 0, waited_s_ = 0;  // of the steps since the last logged one
  int64_t steps_ = 0;
  Clock::time_point begin_{};  // of this process's first step
  int64_t steps_in_all_ = 0;   // since then
};

// How long `steps_left` more will take at the pace of a run so far, with validations, checkpoints and pictures: steps that
// were made in so many seconds.
double remaining_s(double seconds, int64_t steps, int64_t steps_left);

// "1:02:03", from a day on "2 d 03 h".
std::string duration_text(double seconds);

}  // namespace glid
