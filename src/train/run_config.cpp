#include "glid/train/run_config.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "glid/config/write.h"
#include "glid/core/format.h"

namespace glid {
namespace {

template <class Config>
void check_metric(const MetricSettings& metric, const Config& config, config::Problems& problems) {
  if constexpr (requires { config.check_metric(metric, problems); }) config.check_metric(metric, problems);
  std::string known(LossSettings::kName);
  for (const std::string_view name : Config::kMetrics) known += format("|{}", name);
  const std::string_view name = config::name_of(metric);
  if (name != LossSettings::kName && std::ranges::find(Config::kMetrics, name) == Config::kMetrics.end())
    problems.add("eval.metric", format("must be {} for task.name: {}", known, Config::kName));
}

template <class Config>
void check_tta(Tta tta, const Config&, config::Problems& problems) {
  std::string known(config::name_of(Tta::kNone));
  bool is_known = tta == Tta::kNone;
  if constexpr (requires { Config::kTta; }) {
    for (const Tta other : Config::kTta) known += format("|{}", config::name_of(other));
    is_known = is_known || std::ranges::find(Config::kTta, tta) != Config::kTta.end();
  }
  if (!is_known)
    problems.add("eval.tta", format("must be {} for task.name: {}", known, Config::kName),
                 std::string(config::name_of(tta)));
}

void check_tasks(const std::vector<std::string>& tasks, config::Problems& problems) {
  const std::set<std::string> different(tasks.begin(), tasks.end());
  if (tasks.empty() || different.size() < tasks.size()) problems.add("eval.tasks", "must name one task or more, each once");
}

bool starts_with_any(const std::string& path, std::initializer_list<std::string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](std::string_view b) { return path.starts_with(b); });
}

bool is_measure(const std::string& path) {
  if (path == "data.val_list" || path == "data.boxes") return true;
  return path.starts_with("eval.") && path != "eval.every_steps" && path != "eval.weights";
}

// Where data lie and how they are read; their fingerprint tells whether they are the same.
bool is_about_reading(const std::string& path) {
  return path == "data.root" || path == "data.train_list" || path == "data.workers" || path == "data.max_bad_files";
}

bool is_identity(const std::string& path) {
  if (is_about_reading(path) || is_measure(path)) return false;
  return starts_with_any(path, {"model.", "task.", "data.", "optim."}) || path == "seed" || path == "train.batch_size" ||
         path == "train.precision";
}

bool may_change_bits(const std::string& path) {
  return starts_with_any(path, {"train.accumulate", "train.threads", "train.steps", "train.epochs", "train.device",
                                "train.gradient_compression", "train.bucket_mib"});
}

}  // namespace

void RunConfig::check(config::Problems& problems) const {
  if (const auto* several = std::get_if<MultitaskSettings>(&eval.metric)) check_tasks(several->tasks, problems);
  std::visit([&](const auto& alternative) { check_metric(eval.metric, alternative, problems); }, task);
  std::visit([&](const auto& alternative) { check_tta(eval.tta, alternative, problems); }, task);
  std::visit(
      [&](const auto& alternative) {
        const int64_t pictures = train.batch_size / train.accumulate;
        if constexpr (requires { alternative.check_batch(pictures, problems); }) alternative.check_batch(pictures, problems);
      },
      task);
  check_encoder(task, model.encoder.shape(), problems);
  const int64_t unit = model.encoder.shape().unit_px();
  if (data.image_size % unit != 0) {
    problems.add("data.image_size", format("must be a multiple of the unit, {} px", unit), "",
                 format("try {}", std::max<int64_t>(1, (data.image_size + unit / 2) / unit) * unit));
    return;
  }
  const UnitGrid grid{data.image_size / unit, data.image_size / unit};
  std::visit(
      [&](const auto& alternative) {
        if constexpr (requires { alternative.check_grid(grid, problems); }) alternative.check_grid(grid, problems);
      },
      task);
}

std::shared_ptr<const AnnotatedDataset> RunConfig::dataset(Split split) const {
  return make_dataset(data, split, use_of(task));
}

TaskContext RunConfig::task_context(const Vocabulary& vocabulary) const {
  TaskContext context{model.shape(), data.image_size, vocabulary, eval.tta, {}};
  for (const MetricPart& part : parts_of(eval.metric))
    if (!part.task.empty()) context.measured.push_back(part.task);
  return context;
}

int64_t RunConfig::total_steps(int64_t steps_per_epoch) const {
  if (train.steps) return *train.steps;
  return std::max<int64_t>(1, std::llround(train.epochs * static_cast<double>(steps_per_epoch)));
}

Schedule RunConfig::schedule(int64_t steps_per_epoch) const {
  int64_t warmup = std::llround(optim.warmup_epochs * static_cast<double>(steps_per_epoch));
  if (optim.warmup_steps) warmup = *optim.warmup_steps;
  if (std::holds_alternative<OneCycleSchedule>(optim.schedule)) warmup = 0;
  return {optim.lr, warmup, total_steps(steps_per_epoch), optim.warmup_start, optim.schedule, steps_per_epoch};
}

LrScale RunConfig::lr_scale() const { return {optim.lr_mult, optim.layer_decay, model.encoder.shape().depths()}; }

ConfigChanges compare_configs(const RunConfig& old_config, const RunConfig& new_config) {
  ConfigChanges changes;
  for (const auto& d : config::difference(config::flatten(old_config), config::flatten(new_config))) {
    const std::string line = format("{}: {} -> {}", d.path, d.old_value, d.new_value);
    if (is_identity(d.path)) changes.refused.push_back(line);
    else if (may_change_bits(d.path)) changes.warned.push_back(line);
    else if (is_measure(d.path)) changes.measure.push_back(line);
  }
  return changes;
}

}  // namespace glid
