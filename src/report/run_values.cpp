#include "run_values.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace glid {

namespace {

constexpr double kLargestDrawn = 1e100;  // differences of larger ones overflow

// As Metric::best() of each says.
std::string best_of_metric(const std::string& metric) {
  static const std::map<std::string, std::string> best{{"box", "AP"},        {"mask", "AP"},     {"keypoint", "AP"},
                                                       {"semantic", "mIoU"}, {"panoptic", "PQ"}, {"depth", "rmse"},
                                                       {"accuracy", "top1"}};
  const auto found = best.find(metric);
  return found == best.end() ? "" : found->second;
}

}  // namespace

void add_once(std::vector<std::string>& list, const std::string& text) {
  if (std::ranges::find(list, text) == list.end()) list.push_back(text);
}

std::optional<double> number_at(const Json& line, std::string_view key) {
  const Json* value = line.find(key);
  if (value == nullptr || value->is_null() || value->is_object()) return std::nullopt;
  const double number = value->as_double();
  return std::abs(number) < kLargestDrawn ? std::optional(number) : std::nullopt;
}

bool is_validation(const Json& line) {
  return std::ranges::any_of(line.as_object(), [](const auto& member) { return member.first.starts_with("val_"); });
}

const Json* reference_of(const RunRecord& run, std::string_view kind) {
  for (const Json& line : run.metrics)
    if (const Json* values = line.find(kind); values != nullptr && values->is_object()) return values;
  return nullptr;
}

std::optional<int64_t> step_at(const Json* values) {
  const auto step = values != nullptr ? number_at(*values, "step") : std::nullopt;
  return step && *step >= 0 ? std::optional(static_cast<int64_t>(*step)) : std::nullopt;
}

std::optional<int64_t> steps_made(const RunRecord& run) {
  const std::optional<int64_t> kept = run.state ? step_at(&*run.state) : std::nullopt;
  return run.metrics.empty() ? kept : std::max(kept, step_at(&run.metrics.back()));
}

std::vector<TaskRuns> tasks_of(Runs runs) {
  std::vector<TaskRuns> tasks;
  for (size_t i = 0; i < runs.size(); ++i) {
    const std::string task = runs[i].setting("task.name");
    auto own = std::ranges::find(tasks, task, &TaskRuns::task);
    if (own == tasks.end()) own = tasks.insert(own, {task, {}});
    own->places.push_back(i);
  }
  return tasks;
}

std::string main_metric(const RunRecord& run) {
  const Json* best = run.state ? run.state->find("best") : nullptr;
  const Json* name = best != nullptr ? best->find("name") : nullptr;
  if (name != nullptr && !name->as_string().empty()) return name->as_string();
  if (const std::string asked = run.setting("eval.best"); !asked.empty() && asked != "null") return asked;
  if (const std::string own = best_of_metric(run.setting("eval.metric")); !own.empty()) return own;
  const Json* blind = reference_of(run, kWithoutLooking);
  if (blind != nullptr && !blind->as_object().empty()) return blind->as_object().front().first;
  return "loss";
}

}  // namespace glid
