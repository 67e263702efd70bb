// A run's parts, and what it does between two steps of the loop.
#pragma once

#include "glid/train/floor_watch.h"
#include "glid/train/loop.h"
#include "glid/train/nonfinite_guard.h"
#include "glid/train/progress.h"
#include "glid/train/resume.h"
#include "glid/train/validation.h"
#include "run_files.h"

namespace glid {

// All ranks build it and call it alike.
class Run {
 public:
  Run(const RunConfig& config, bool goes_on, Communicator& communicator, const c10::Device& device);

  void go_on_from(const Start& start);
  void open_files();
  ExitCode train();  // loop.cpp

 private:
  bool is_main() const { return session_.communicator.is_main(); }
  int64_t total_steps() const { return session_.schedule.total_steps; }
  bool is_due(int64_t every) const {
    return state_.step > 0 && (state_.step == total_steps() || (every > 0 && state_.step % every == 0));
  }

  // Each false when the ranks agree to stop.
  bool update();
  bool finish_step();
  bool log_references();
  bool validate(bool& is_best);  // is_best: no model was better so far

  // What the learning rate does where a run of another length goes on.
  void log_seam(const Start& start) const;
  void log_step(const StepResult& result, StepMetrics metrics);
  void draw_pictures();
  void save();
  ExitCode interrupt();

  Session session_;
  Validation validation_;
  NonfiniteGuard guard_;
  FloorWatch floors_;
  Progress progress_;
  RunFiles files_;
  RunState state_;  // steps, loss and dataset; snapshot() adds the rest
};

}  // namespace glid
