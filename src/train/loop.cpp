#include "glid/train/loop.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "glid/config/write.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/eval/evaluate.h"
#include "glid/formats/image_file.h"
#include "glid/train/checkpoint.h"
#include "glid/train/resume.h"
#include "glid/train/run_log.h"
#include "glid/train/session.h"
#include "glid/train/stop_signal.h"
#include "glid/viz/image_grid.h"

#ifndef GLID_GIT_HASH
#define GLID_GIT_HASH "unknown"
#endif

namespace glid {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int64_t kNumPictures = 8;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Time and images since the last logged step.
struct Pace {
  double seconds = 0, waited_s = 0;
  int64_t steps = 0;
};

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
        evaluated_(make_dataset(config.data, config.eval.split)),
        validation_(evaluation_loader(config.eval.fraction, micro_batch_size(), communicator)),
        total_(session_.schedule.total_steps) {
    if (!is_main()) return;
    dataset_.set("fingerprint", format("{:016x}", session_.data->fingerprint())).set("images", session_.data->size());
  }

  void restore(const Checkpoint& checkpoint);
  void open_files();
  ExitCode train();

 private:
  int64_t micro_batch_size() const { return batch_layout(config_, session_.communicator).micro_batch_size(); }
  std::unique_ptr<Loader> evaluation_loader(double fraction, int64_t batch_size, const Communicator& communicator) const;
  bool is_main() const { return session_.communicator.is_main(); }
  bool is_due(int64_t every) const { return step_ == total_ || (every > 0 && step_ % every == 0); }
  bool stop_agreed() const;

  void log_references();
  StepResult update();
  void guard_against_nonfinite(const StepResult& result, const std::vector<Batch>& batches);
  void dump_samples(const std::vector<Batch>& batches) const;
  void show_progress() const;
  void log_step(const StepResult& result);
  bool validate();  // true if no loss was lower so far
  void draw_pictures();
  void save();
  Json state() const;
  TensorFiles tensors() const;

  RunConfig config_;
  Session session_;
  std::shared_ptr<const Dataset> evaluated_;
  std::unique_ptr<Loader> validation_;
  int64_t total_;

  int64_t step_ = 0;  // completed updates
  int64_t skipped_ = 0, nonfinite_in_a_row_ = 0;
  double lr_ = 0, last_loss_ = std::nan(""), best_loss_ = std::nan("");
  int64_t best_step_ = -1;
  bool warned_of_floor_ = false;
  Pace pace_;
  Json dataset_;

  std::unique_ptr<RunLog> log_;               // rank 0
  std::unique_ptr<CheckpointWriter> writer_;  // rank 0
  std::optional<Batch> picture_batch_;        // rank 0
};

std::unique_ptr<Loader> Run::evaluation_loader(double fraction, int64_t batch_size, const Communicator& communicator) const {
  const ValidationPlan::Share share{fraction, batch_size, communicator.rank(), communicator.size()};
  auto plan = std::make_shared<ValidationPlan>(evaluated_->size(), config_.seed, share);
  return std::make_unique<Loader>(evaluated_, plan, session_.loader_options(/*augment=*/false), session_.make_plan());
}

bool Run::stop_agreed() const {
  const at::Tensor requests = at::full({}, stop_requested() ? 1.0 : 0.0, at::kDouble);
  session_.communicator.all_reduce_sum(requests);
  return requests.item<double>() > 0;
}

void Run::open_files() {
  if (is_main()) {
    const fs::path out = config_.out;
    fs::create_directories(out);
    add_log_file(out / "log.txt");
    write_file(out / "config.yaml", config::write(config_));
    log_ = std::make_unique<RunLog>(out, step_);
    const CheckpointPolicy policy{.keep = config_.checkpoint.keep, .milestone_steps = config_.checkpoint.milestone_steps};
    writer_ = std::make_unique<CheckpointWriter>(out, policy);
    if (best_step_ >= 0) writer_->mark_best(best_step_);
  }
  log_info("{} training images, {} to validate on; {} steps of {} images, {} an epoch", session_.data->size(),
           evaluated_->size(), total_, config_.train.batch_size, session_.plan->steps_per_epoch());
}

ExitCode Run::train() {
  if (step_ == 0) log_references();
  while (step_ < total_) {
    if (stop_agreed()) {
      save();
      if (writer_) writer_->wait();
      log_info("interrupted: checkpoint written at step {}; the same command goes on", step_);
      return ExitCode::kInterrupted;
    }
    const StepResult result = update();
    if (is_due(config_.log.every_steps)) log_step(result);
    const bool is_best = is_due(config_.eval.every_steps) && validate();
    if (config_.log.pictures_every_steps > 0 && is_due(config_.log.pictures_every_steps)) draw_pictures();
    if (is_best || is_due(config_.checkpoint.every_steps)) save();
  }
  if (writer_) writer_->wait();
  log_info("done: {} steps in {}", step_, config_.out);
  return ExitCode::kDone;
}

void Run::log_references() {
  const auto losses = reference_losses(*session_.task, *validation_, session_.communicator);
  for (const auto& [name, loss] : losses) log_info("validation loss without learning, {}: {:.4f}", name, loss);
  if (log_) log_->references(losses);
}

StepResult Run::update() {
  const Clock::time_point start = Clock::now();
  const double waited_before = session_.loader.wait_s();
  const std::vector<Batch> batches = session_.loader.next();
  lr_ = session_.schedule.at(step_);
  StepResult result = train_step(session_.learner, batches, lr_);
  ++step_;
  guard_against_nonfinite(result, batches);
  pace_.seconds += seconds_since(start);
  pace_.waited_s += session_.loader.wait_s() - waited_before;
  ++pace_.steps;
  show_progress();
  return result;
}

void Run::guard_against_nonfinite(const StepResult& result, const std::vector<Batch>& batches) {
  if (result.found_inf.item<float>() == 0) {
    nonfinite_in_a_row_ = 0;
    return;
  }
  ++skipped_;
  ++nonfinite_in_a_row_;
  dump_samples(batches);
  log_warning("step {}: the gradient is not finite: update skipped ({} in all, {} in a row)", step_, skipped_,
              nonfinite_in_a_row_);
  if (nonfinite_in_a_row_ >= config_.train.max_nonfinite)
    throw Error(ExitCode::kNumerical, format("step {}", step_), "too many updates in a row were not finite",
                std::to_string(nonfinite_in_a_row_),
                format("their samples are in {}/nonfinite; try a lower optim.lr, or optim.clip", config_.out));
}

void Run::dump_samples(const std::vector<Batch>& batches) const {
  const fs::path folder = fs::path(config_.out) / "nonfinite";
  fs::create_directories(folder);
  Json::Array samples;
  for (const Batch& batch : batches)
    for (size_t i = 0; i < batch.keys.size(); ++i)
      samples.push_back(Json().set("id", batch.keys[i].id).set("epoch", batch.keys[i].epoch).set("name", batch.names[i]));
  write_file(folder / format("step_{:08}_rank_{}.json", step_, session_.communicator.rank()),
             Json(std::move(samples)).dump(2));
}

void Run::show_progress() const {
  if (!log_is_terminal() || !is_main()) return;
  constexpr int64_t kWidth = 30;
  const int64_t filled = kWidth * step_ / total_;
  const double rest_s = pace_.seconds / static_cast<double>(pace_.steps) * static_cast<double>(total_ - step_);
  log_status(format("[{}{}] {}/{}  ETA {}", std::string(static_cast<size_t>(filled), '#'),
                    std::string(static_cast<size_t>(kWidth - filled), ' '), step_, total_, duration_text(rest_s)));
}

void Run::log_step(const StepResult& result) {
  std::vector<at::Tensor> values{result.loss};
  for (const Diagnostic& d : result.diagnostics) values.push_back(d.value / session_.communicator.size());
  for (at::Tensor& value : values) value = value.to(at::kCPU, at::kDouble);
  const at::Tensor sums = at::stack(values);
  session_.communicator.all_reduce_sum(sums);

  StepMetrics m{.step = step_, .lr = lr_};
  m.epoch = static_cast<double>(step_) / static_cast<double>(session_.plan->steps_per_epoch());
  m.loss = last_loss_ = sums[0].item<double>();
  m.grad_norm = result.grad_norm.item<double>();
  m.images_per_s = static_cast<double>(pace_.steps * config_.train.batch_size) / pace_.seconds;
  m.data_wait = pace_.waited_s / pace_.seconds;
  m.memory_mib = memory_mib(session_.device);
  for (size_t i = 0; i < result.diagnostics.size(); ++i) {
    const Diagnostic& d = result.diagnostics[i];
    m.diagnostics.emplace_back(d.name, sums[static_cast<int64_t>(i) + 1].item<double>());
    const bool low = step_ > session_.schedule.warmup_steps && m.diagnostics.back().second < d.floor;
    if (low && !warned_of_floor_)
      log_warning("step {}: {} is {:.4f}: {}", step_, d.name, m.diagnostics.back().second, d.warning);
    warned_of_floor_ = low;
  }
  const double rest_s = pace_.seconds / static_cast<double>(pace_.steps) * static_cast<double>(total_ - step_);
  log_info("step {}/{} epoch {:.2f} loss {:.4f} lr {:.3g} grad {:.3g} {:.0f} img/s wait {:.0f}% mem {:.0f} MiB ETA {}",
           step_, total_, m.epoch, m.loss, m.lr, m.grad_norm, m.images_per_s, 100 * m.data_wait, m.memory_mib,
           duration_text(rest_s));
  if (log_) log_->training(m);
  pace_ = {};
}

bool Run::validate() {
  const auto loss_now = [&] {
    return mean_loss(*session_.model, *session_.task, *validation_, config_.train.precision, session_.communicator);
  };
  std::vector<std::pair<std::string, double>> values{{"val_loss", loss_now()}};
  if (session_.ema) {
    session_.ema->swap();
    values.emplace_back("val_loss_ema", loss_now());
    session_.ema->swap();
  }
  const double loss = values[0].second;
  const bool is_best = std::isnan(best_loss_) || loss < best_loss_;
  if (is_best) {
    best_loss_ = loss;
    best_step_ = step_;
    if (writer_) writer_->mark_best(step_);
  }
  log_info("step {} validation loss {:.4f} (best {:.4f} at step {})", step_, loss, best_loss_, best_step_);
  if (log_) {
    log_->validation(step_, values);
    log_->draw_curve();
  }
  return is_best;
}

void Run::draw_pictures() {
  if (!is_main()) return;
  if (!picture_batch_) {
    const double fraction = std::min(1.0, static_cast<double>(kNumPictures) / static_cast<double>(evaluated_->size()));
    const ValidationPlan::Share alone{fraction, kNumPictures, 0, 1};
    auto plan = std::make_shared<ValidationPlan>(evaluated_->size(), config_.seed, alone);
    LoaderOptions options = session_.loader_options(/*augment=*/false);
    options.workers = 0;
    picture_batch_ = Loader(evaluated_, plan, options, session_.make_plan()).next().at(0);
  }
  const at::NoGradGuard no_grad;
  const AutocastGuard autocast(config_.train.precision, session_.device.type());
  const Question question = session_.task->ask(*picture_batch_);
  session_.model->eval();
  const Answer answer = session_.model->forward(question.images, question.query);
  session_.model->train();
  log_->picture(step_, grid(session_.task->pictures(answer, question), session_.task->picture_titles(), 4));
}

TensorFiles Run::tensors() const {
  TensorFiles files{{"model", named_parameters(*session_.model)}, {"optimizer", session_.optimizer.state()}};
  if (session_.ema) files.emplace_back("ema", session_.ema->state());
  return files;
}

Json Run::state() const {
  const Place place = session_.plan->first_place(step_);
  const auto scaler = session_.scaler.state();
  Json state = Json::object();
  state.set("format", 1).set("step", step_).set("seed", config_.seed);
  state.set("loader", Json().set("epoch", place.epoch).set("position", place.position));
  state.set("scaler", Json().set("factor", scaler[0]).set("good_steps", scaler[1]));
  state.set("ranks", session_.communicator.size()).set("threads", at::get_num_threads());
  state.set("skipped_updates", skipped_).set("nonfinite_in_a_row", nonfinite_in_a_row_);
  state.set("metrics", Json().set("loss", last_loss_).set("best_val_loss", best_loss_).set("best_step", best_step_));
  state.set("dataset", dataset_).set("git", GLID_GIT_HASH);
  return state;
}

void Run::save() {
  if (writer_) writer_->write({step_, tensors(), state(), config::write(config_)});
}

void Run::restore(const Checkpoint& checkpoint) {
  if (is_main()) compare_with(checkpoint, state());
  for (const auto& [stem, tensors] : tensors()) checkpoint.load(stem, tensors);
  const Json& state = checkpoint.state;
  step_ = checkpoint.step();
  skipped_ = state.at("skipped_updates").as_int();
  nonfinite_in_a_row_ = state.at("nonfinite_in_a_row").as_int();
  best_loss_ = state.at("metrics").at("best_val_loss").as_double();
  best_step_ = state.at("metrics").at("best_step").as_int();
  session_.scaler.set_state({state.at("scaler").at("factor").as_double(), state.at("scaler").at("good_steps").as_double()});
  session_.loader.seek(step_);
}

}  // namespace

c10::Device choose_device(DeviceChoice choice, int local_rank) {
  if (choice == DeviceChoice::kCuda && !at::hasCUDA())
    throw UsageError("train.device", "is cuda, but there is no usable GPU or this build has no CUDA", "", "use auto or cpu");
  if (choice == DeviceChoice::kCpu || !at::hasCUDA()) return c10::kCPU;
  const c10::Device device(c10::kCUDA, static_cast<c10::DeviceIndex>(local_rank));
  c10::impl::VirtualGuardImpl(c10::kCUDA).setDevice(device);
  return device;
}

void set_threads(const TrainConfig& config) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  at::set_num_threads(static_cast<int>(config.threads.value_or(cores)));
}

ExitCode train(const RunConfig& config, const Resume& resume, Communicator& communicator, const c10::Device& device) {
  install_stop_handlers();
  const std::optional<Checkpoint> checkpoint = choose_start(config, resume);
  communicator.barrier();  // nobody writes into the folder before all have looked at it
  Run run(config, /*goes_on=*/checkpoint.has_value(), communicator, device);
  if (checkpoint) run.restore(*checkpoint);
  run.open_files();
  return run.train();
}

}  // namespace glid
