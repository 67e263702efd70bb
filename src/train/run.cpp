#include "run.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "glid/core/counted.h"
#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/rng.h"
#include "glid/data/shared_images.h"
#include "snapshot.h"

namespace glid {
namespace {

// A run that goes on has its weights from the checkpoint; what it once started from may be gone.
RunConfig without_init(RunConfig config) {
  config.init.from.clear();
  return config;
}

// Throws what is found first.
struct FirstProblem final : config::Problems {
  [[noreturn]] void add(std::string_view path, const std::string& what, const std::string& value,
                        const std::string& hint) override {
    throw UsageError(std::string(path), what, value, hint);
  }
};

// The configuration is checked for one rank before anybody knows how many there are.
BatchLayout checked_layout(const RunConfig& config, const Communicator& communicator) {
  const BatchLayout layout = batch_layout(config, communicator);
  FirstProblem problems;
  std::visit(
      [&](const auto& task) {
        if constexpr (requires { task.check_batch(layout.micro_batch_size(), problems); })
          task.check_batch(layout.micro_batch_size(), problems);
      },
      config.task);
  return layout;
}

// The default of eval.metric is pre-training's.
void warn_of_loss_alone(const RunConfig& config) {
  std::visit(
      [&]<class Task>(const Task&) {
        if (!Task::kMetrics.empty() && std::holds_alternative<LossSettings>(config.eval.metric))
          log_rank_zero_warning("only the loss is validated: eval.metric: {} measures what the task is for",
                                Task::kMetrics.front());
      },
      config.task);
}

// Whoever validates on what was learned, and didn't ask for that, hears it.
void warn_of_shared_images(const RunConfig& config, const Dataset& train, const Dataset& val) {
  if (config.eval.split == Split::kTrain) return;
  if (const std::string shared = shared_images(train, val); !shared.empty())
    log_rank_zero_warning("{}: validations tell little of new images", shared);
}

// Ranks whose folders hold other files would learn from other images than the order of the epoch says.
void require_same_samples(const Dataset& data, Communicator& ranks) {
  constexpr int64_t kAsked = 1000;
  uint64_t names = 0;
  for (int64_t i = 0, asked = std::min(kAsked, data.size()); i < asked; ++i)
    names = stable_hash(data.name(i * data.size() / asked), names);
  const std::string own = format("{}, names {:016x}", counted(data.size(), "sample"), names);
  const std::vector<std::string> all = ranks.all_gather_bytes(own, "what is trained on");
  for (size_t rank = 0; rank < all.size(); ++rank)
    if (all[rank] != all[0])
      throw UsageError("data", format("rank {} finds other samples than rank 0", rank), all[rank],
                       format("rank 0 has {}; every host needs the same files", all[0]));
}

}  // namespace

Run::Run(const RunConfig& config, bool goes_on, Communicator& communicator, const c10::Device& device)
    : session_(goes_on ? without_init(config) : config, config.dataset(Split::kTrain), checked_layout(config, communicator),
               communicator, device),
      validation_(session_),
      guard_(config.out, config.train.max_nonfinite, communicator.rank()),
      floors_(session_.schedule.warmup_steps, config.train.max_lines_under_floor),
      progress_(session_.schedule.total_steps, config.train.batch_size),
      files_(config, communicator.is_main()) {
  require_same_samples(*session_.data, session_.communicator);
  if (!is_main()) return;
  const Fingerprint print = session_.data->fingerprint();
  state_.dataset = {format("{:016x}", print.names), format("{:016x}", print.sizes), session_.data->size()};
}

void Run::go_on_from(const Start& start) {
  if (start.state.step > total_steps())
    throw UsageError(start.checkpoint.folder.string(), "has made more steps than the run is long",
                     format("step {} of {}", start.state.step, total_steps()), "raise train.steps or train.epochs");
  if (is_main()) {
    compare_with(start, snapshot(state_, session_, guard_, validation_));
    log_seam(start);
  }
  restore(start, session_, guard_, validation_);
  state_.step = start.state.step;
  state_.finished_step = start.state.finished_step;
}

void Run::log_seam(const Start& start) const {
  const int64_t step = start.state.step;
  const Schedule before = start.config.schedule(session_.plan->steps_per_epoch());
  if (before.total_steps != total_steps())
    log_warning("{} -> {}: the learning rate goes on with {:.3g} (it was {:.3g}, and would have gone on with {:.3g})",
                counted(before.total_steps, "step"), total_steps(), session_.schedule.at(step),
                before.at(std::max<int64_t>(0, step - 1)), before.at(step));
}

void Run::open_files() {
  const std::string where = format("glid {} on {}, {}, {} rank(s), {} thread(s)", version_text(), host_name(),
                                   session_.device.str(), session_.communicator.size(), at::get_num_threads());
  files_.open(state_.step, validation_.best().step, {own_command_line(), where});
  log_info("{}, {} to validate on; {} of {}, {} an epoch", counted(session_.data->size(), "training image"),
           validation_.num_images(), counted(total_steps(), "step"), counted(session_.config.train.batch_size, "image"),
           session_.plan->steps_per_epoch());
  if (is_main()) warn_of_shared_images(session_.config, *session_.data, validation_.images());
  warn_of_loss_alone(session_.config);
  for (const std::string& part : session_.config.optim.freeze) log_info("{} is frozen", part);
  if (const std::string warning = session_.schedule.warning(); !warning.empty()) log_rank_zero_warning("{}", warning);
}

void Run::draw_pictures() {
  if (!is_main()) return;
  if (const auto picture = validation_.picture()) files_.picture(state_.step, *picture);
}

void Run::save() {
  guard_.settle();
  TensorFiles tensors = tensors_of(session_);
  if (!is_main()) return;
  std::ranges::move(tensors_of(validation_), std::back_inserter(tensors));
  files_.checkpoint(state_.step, std::move(tensors), write_state(snapshot(state_, session_, guard_, validation_)));
}

}  // namespace glid
