#include "glid/train/loop.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/train/checkpoint.h"
#include "glid/train/device.h"
#include "glid/train/floor_watch.h"
#include "glid/train/nonfinite_guard.h"
#include "glid/train/progress.h"
#include "glid/train/resume.h"
#include "glid/train/run_log.h"
#include "glid/train/stop_signal.h"
#include "glid/train/validation.h"
#include "step_metrics.h"

#ifndef GLID_GIT_HASH
#define GLID_GIT_HASH "unknown"
#endif

namespace glid {
namespace {

namespace fs = std::filesystem;

// A run that goes on has its weights from the checkpoint; what it once started from may be gone.
RunConfig without_init(RunConfig config) {
  config.init.from.clear();
  return config;
}

class Run {
 public:
  Run(const RunConfig& config, bool goes_on, Communicator& communicator, const c10::Device& device)
      : config_(config),
        session_(goes_on ? without_init(config) : config, make_dataset(config.data, Split::kTrain),
                 batch_layout(config, communicator), communicator, device),
        validation_(session_),
        guard_(config.out, config.train.max_nonfinite, communicator.rank()),
        total_(session_.schedule.total_steps),
        progress_(total_, config.train.batch_size),
        floors_(session_.schedule.warmup_steps, config.train.max_lines_under_floor) {
    if (is_main()) data_ = {format("{:016x}", session_.data->fingerprint()), session_.data->size()};
  }

  void restore(const Start& start);
  void open_files();
  ExitCode train();

 private:
  bool is_main() const { return session_.communicator.is_main(); }
  bool is_due(int64_t every) const { return step_ > 0 && (step_ == total_ || (every > 0 && step_ % every == 0)); }

  bool finish_step();
  ExitCode interrupt();
  bool update();
  void log_step(const StepResult& result, StepMetrics metrics);
  bool log_references();         // false, here too: a rank was asked to stop
  bool validate(bool& is_best);  // is_best: no model was better so far
  void draw_pictures();
  void save();
  RunState state() const;
  TensorFiles tensors() const;

  RunConfig config_;
  Session session_;
  Validation validation_;
  NonfiniteGuard guard_;
  RunState::Dataset data_;  // rank 0

  int64_t total_, step_ = 0, finished_step_ = -1;  // updates: all, completed ones, see RunState
  double lr_ = 0, last_loss_ = std::nan("");
  Progress progress_;
  FloorWatch floors_;

  std::unique_ptr<RunLog> log_;               // rank 0
  std::unique_ptr<CheckpointWriter> writer_;  // rank 0
};

void Run::open_files() {
  if (is_main()) {
    const fs::path out = config_.out;
    fs::create_directories(out);
    add_log_file(out / "log.txt");
    write_file(out / "config.yaml", config::write(config_));
    log_ = std::make_unique<RunLog>(out, step_);
    const CheckpointPolicy policy{.keep = config_.checkpoint.keep, .milestone_steps = config_.checkpoint.milestone_steps};
    writer_ = std::make_unique<CheckpointWriter>(out, policy);
    writer_->mark_best(validation_.best().step);
  }
  log_info("{} training images, {} to validate on; {} steps of {} images, {} an epoch", session_.data->size(),
           validation_.num_images(), total_, config_.train.batch_size, session_.plan->steps_per_epoch());
  if (const std::string warning = session_.schedule.warning(); is_main() && !warning.empty()) log_warning("{}", warning);
}

ExitCode Run::train() {
  if (!finish_step()) return interrupt();
  while (step_ < total_) {
    if (!update() || !finish_step()) return interrupt();
  }
  stop_answered();
  if (writer_) writer_->wait();
  log_info("done: {} steps in {}", step_, config_.out);
  return ExitCode::kDone;
}

// What is due after an update and not yet done. False when a rank was asked to stop.
bool Run::finish_step() {
  if (finished_step_ == step_) return true;
  bool is_best = false;
  if (step_ == 0 && !log_references()) return false;
  if (is_due(config_.eval.every_steps) && !validate(is_best)) return false;
  if (config_.log.pictures_every_steps > 0 && is_due(config_.log.pictures_every_steps)) draw_pictures();
  finished_step_ = step_;
  if (is_best || is_due(config_.checkpoint.every_steps)) save();
  return true;
}

ExitCode Run::interrupt() {
  stop_answered();
  save();
  if (writer_) writer_->wait();
  log_info("interrupted: checkpoint written at step {}; the same command goes on", step_);
  return ExitCode::kInterrupted;
}

bool Run::log_references() {
  const auto losses = validation_.references();
  if (losses && log_) log_->references(*losses);
  return losses.has_value();
}

// False when the ranks agree to stop.
bool Run::update() {
  session_.communicator.set_step(step_ + 1);
  progress_.begin_step(session_.loader.wait_s());
  const std::vector<Batch> batches = session_.loader.next();
  lr_ = session_.schedule.at(step_);
  const std::optional<StepResult> result = train_step(session_.learner, batches, lr_, stop_requested());
  if (!result) return false;
  ++step_;
  guard_.watch(step_, result->failed, batches);
  std::optional<StepMetrics> metrics;
  if (is_due(config_.log.every_steps)) metrics = step_metrics(*result, session_.communicator);  // waits for the device
  progress_.end_step(session_.loader.wait_s());
  if (is_main()) progress_.draw_bar(step_);
  if (metrics) log_step(*result, std::move(*metrics));
  return true;
}

void Run::log_step(const StepResult& result, StepMetrics metrics) {
  metrics.step = step_;
  metrics.epoch = static_cast<double>(step_) / static_cast<double>(session_.plan->steps_per_epoch());
  metrics.lr = lr_;
  metrics.memory_mib = memory_mib(session_.device);
  last_loss_ = metrics.loss;
  progress_.log(metrics);
  if (log_) log_->training(metrics);
  floors_.check(step_, result.diagnostics, metrics.diagnostics);
}

bool Run::validate(bool& is_best) {
  guard_.settle();
  auto values = validation_.measure();
  if (!values) return false;
  is_best = validation_.is_best(*values, step_);
  if (!log_) return true;
  values->push_back({"smallest_fusion_weight", smallest_fusion_weight(*session_.model->bifpn)});
  writer_->mark_best(validation_.best().step);
  log_->validation(step_, *values);
  log_->draw_curve();
  return true;
}

void Run::draw_pictures() {
  if (!log_) return;
  if (const auto picture = validation_.picture()) log_->picture(step_, *picture);
}

TensorFiles Run::tensors() const {
  TensorFiles files{{"model", named_parameters(*session_.model)}, {"optimizer", session_.optimizer.state()}};
  if (session_.ema) files.emplace_back("ema", session_.ema->state());
  return files;
}

RunState Run::state() const {
  const Place place = session_.plan->first_place(step_);
  const auto [factor, good_steps] = session_.scaler.state();
  return {.step = step_,
          .finished_step = finished_step_,
          .seed = config_.seed,
          .loader = {place.epoch, place.position},
          .scaler = {factor, good_steps},
          .ranks = session_.communicator.size(),
          .threads = at::get_num_threads(),
          .skipped_updates = guard_.counts().skipped,
          .nonfinite_in_a_row = guard_.counts().in_a_row,
          .loss = last_loss_,
          .best = validation_.best(),
          .dataset = data_,
          .git = GLID_GIT_HASH};
}

void Run::save() {
  guard_.settle();
  if (writer_) writer_->write({step_, tensors(), write_state(state()), config::write(config_)});
}

void Run::restore(const Start& start) {
  if (is_main()) compare_with(start, state());
  for (const auto& [stem, tensors] : tensors()) start.checkpoint.load(stem, tensors);
  step_ = start.state.step;
  finished_step_ = start.state.finished_step;
  guard_.restore({start.state.skipped_updates, start.state.nonfinite_in_a_row});
  validation_.restore(start.state.best);
  session_.scaler.set_state({start.state.scaler.factor, start.state.scaler.good_steps});
  session_.loader.seek(step_);
}

}  // namespace

ExitCode train(const RunConfig& config, const Resume& resume, Communicator& communicator, const c10::Device& device) {
  const std::optional<Start> start = choose_start(config, resume);
  communicator.barrier();  // nobody writes into the folder before all have looked at it
  Run run(config, /*goes_on=*/start.has_value(), communicator, device);
  if (start) run.restore(*start);
  await_stop_signals(config.train.stop_grace_s, communicator.is_main());
  communicator.barrier();  // from the first file on all of them answer
  run.open_files();
  return run.train();
}

}  // namespace glid
