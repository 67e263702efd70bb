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
  Progress(int64_t total_steps, int64_t images_a_step) : total_(total_steps), images_a_step_(images_a_step) {}

  // Around the work of a step; `waited_s` is what the run has waited for images so far.
  void begin_step(double waited_s);
  void end_step(double waited_s);

  // The bar with the remaining time; nothing unless the log is a terminal.
  void draw_bar(int64_t completed_steps) const;
  // Adds pace and waiting since the last call to `metrics` and logs its line.
  void log(StepMetrics& metrics);

 private:
  using Clock = std::chrono::steady_clock;
  std::string remaining(int64_t completed_steps) const;

  int64_t total_, images_a_step_;
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
