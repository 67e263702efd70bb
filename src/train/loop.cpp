#include "glid/train/loop.h"

#include <functional>

#include "glid/core/counted.h"
#include "glid/core/flight_record.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/dist/together.h"
#include "glid/train/device.h"
#include "glid/train/run_lock.h"
#include "glid/train/stop_signal.h"
#include "glid/train/threads.h"
#include "recorded.h"
#include "run.h"
#include "step_metrics.h"

namespace glid {

ExitCode Run::train() {
  session_.communicator.set_step(state_.step + 1);
  if (!finish_step()) return interrupt();
  while (state_.step < total_steps()) {
    if (!update() || !finish_step()) return interrupt();
  }
  stop_answered();
  files_.finish();
  log_info("done: {} in {}", counted(state_.step, "step"), session_.config.out);
  return ExitCode::kDone;
}

bool Run::update() {
  session_.communicator.set_step(state_.step + 1);
  flight_record().begin_step(state_.step + 1, session_.loader.wait_s());
  progress_.begin_step(session_.loader.wait_s());
  const std::vector<Batch> batches = session_.loader.next();
  record_samples(batches);
  const double lr = session_.schedule.at(state_.step);
  const std::optional<StepResult> result = train_step(session_.learner, batches, lr, stop_requested());
  if (!result) return false;
  ++state_.step;
  guard_.watch(state_.step, result->failed, result->lost, batches);
  std::optional<StepMetrics> metrics;
  if (is_due(session_.config.log.every_steps)) metrics = step_metrics(*result, session_.communicator);  // waits
  progress_.end_step(session_.loader.wait_s());
  flight_record().end_step(session_.loader.wait_s());
  if (metrics) log_step(*result, std::move(*metrics));
  if (is_main()) progress_.show(state_.step);
  return true;
}

// What is due after an update and not yet done: a run that goes on makes up for what a stop left.
bool Run::finish_step() {
  if (state_.finished_step == state_.step) return true;
  const RunConfig& config = session_.config;
  bool is_best = false;
  if (state_.step == 0 && !log_references()) return false;
  if (is_due(config.eval.every_steps) && !validate(is_best)) return false;
  if (config.log.pictures_every_steps > 0 && is_due(config.log.pictures_every_steps)) draw_pictures();
  state_.finished_step = state_.step;
  if (is_best || is_due(config.checkpoint.every_steps)) save();
  return true;
}

void Run::log_step(const StepResult& result, StepMetrics metrics) {
  metrics.step = state_.step;
  metrics.epoch = static_cast<double>(state_.step) / static_cast<double>(session_.plan->steps_per_epoch());
  metrics.lr = session_.schedule.at(state_.step - 1);
  metrics.memory_mib = memory_mib(session_.device);
  state_.loss = metrics.loss;
  progress_.log(metrics);
  files_.training(metrics);
  floors_.check(state_.step, result.diagnostics, metrics.diagnostics);
}

bool Run::log_references() {
  const auto losses = validation_.references();
  if (!losses) return false;
  if (!losses->empty()) files_.references(*losses);
  const auto blind = validation_.blind_values();
  if (!blind) return false;
  if (!blind->empty()) files_.blind(*blind);
  return true;
}

bool Run::validate(bool& is_best) {
  guard_.settle();
  auto values = validation_.measure();
  if (!values) return false;
  // Sums over ranks may differ by rounding, and a checkpoint is all ranks' work: rank 0 decides.
  const bool seems_best = validation_.is_best(*values, state_.step);
  is_best = session_.communicator.all_gather_bytes(seems_best ? "best" : "", "whether the model is the best")[0] == "best";
  if (const auto& bifpn = session_.model->bifpn)
    values->push_back({"smallest_fusion_weight", smallest_fusion_weight(*bifpn)});
  files_.validation(state_.step, *values, validation_.best());
  return true;
}

ExitCode Run::interrupt() {
  stop_answered();
  save();
  files_.finish();
  log_info("interrupted: checkpoint written at step {}; the same command goes on", state_.step);
  return ExitCode::kInterrupted;
}

ExitCode train(const RunConfig& config, const Resume& resume, Communicator& communicator, const c10::Device& device) {
  const auto main_alone = [&communicator](const std::function<void()>& work) {
    const auto of_main = [&] {
      if (communicator.is_main()) work();
    };
    work_together(communicator, of_main, "making the run folder");
  };
  std::optional<RunLock> lock;
  main_alone([&] {
    require_folder("out", config.out);
    lock.emplace(config.out);
  });
  const std::optional<Start> start = choose_start(config, resume);  // of what nobody else changes any more
  if (start) keep_threads(config.train.threads, start->state.threads, read_launch_env());
  require_same_start(start, config, communicator);  // and nobody writes into the folder before all have looked at it
  Run run(config, /*goes_on=*/start.has_value(), communicator, device);
  if (start) run.go_on_from(*start);
  await_stop_signals(config.train.stop_grace_s, communicator.is_main());
  communicator.barrier();  // from the first file on all of them answer
  return recorded(config, communicator, [&run] {
    run.open_files();
    return run.train();
  });
}

}  // namespace glid
