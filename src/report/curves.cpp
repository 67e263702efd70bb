// Curves of all runs of a task on one axis: losses and metrics of different tasks have nothing in common.
#include <algorithm>

#include "glid/core/format.h"
#include "number_names.h"
#include "run_values.h"
#include "sections.h"
#include "svg_chart.h"

namespace glid {
namespace {

// Steps for each unit of x; none where the run doesn't say yet how long an epoch is.
std::optional<double> steps_a_unit(const RunRecord& run, CurveAxis axis) {
  if (axis == CurveAxis::kSteps) return 1;
  for (auto line = run.metrics.rbegin(); line != run.metrics.rend(); ++line) {
    const auto epoch = number_at(*line, "epoch");
    if (epoch && *epoch > 0) return line->at("step").as_double() / *epoch;
  }
  return std::nullopt;
}

Series series_of(const RunRecord& run, const std::string& key, CurveAxis axis) {
  Series series{.name = run.name};
  const std::optional<double> unit = steps_a_unit(run, axis);
  if (!unit) return series;
  for (const Json& line : run.metrics) {
    const std::optional<double> value = number_at(line, key);
    if (!value) continue;
    series.x.push_back(line.at("step").as_double() / *unit);
    series.y.push_back(*value);
  }
  return series;
}

// What is drawn together.
struct TaskCurves {
  Runs runs;
  const TaskRuns& own;
  CurveAxis axis = CurveAxis::kSteps;
};

// What knows nothing, of one run: of the validation loss and of metrics.
std::vector<Baseline> baselines_of(const RunRecord& run, const std::string& key) {
  std::vector<Baseline> found;
  const Json* losses = key == "val_loss" ? reference_of(run, kWithoutLearning) : nullptr;
  if (losses != nullptr)
    for (const auto& [name, value] : losses->as_object())
      if (const auto loss = number_at(*losses, name)) found.push_back({"without learning, " + name, *loss});
  const Json* blind = reference_of(run, kWithoutLooking);
  const auto value = blind != nullptr && key.starts_with("val_") ? number_at(*blind, key.substr(4)) : std::nullopt;
  if (value) found.push_back({"without looking at the images", *value});
  return found;
}

bool are_equal(const std::vector<Baseline>& a, const std::vector<Baseline>& b) {
  return std::ranges::equal(a, b, [](const Baseline& x, const Baseline& y) { return x.name == y.name && x.y == y.y; });
}

// Of the runs that have points. Alike of all of them, they are drawn once; else under the runs' names.
void add_baselines(Chart& chart, Runs runs, const std::string& key) {
  std::vector<std::pair<std::string, std::vector<Baseline>>> found;
  for (size_t i = 0; i < runs.size(); ++i)
    if (!chart.series[i].x.empty()) found.emplace_back(runs[i].name, baselines_of(runs[i], key));
  const bool are_shared =
      std::ranges::all_of(found, [&](const auto& other) { return are_equal(other.second, found.front().second); });
  if (are_shared) found.resize(1);
  for (const auto& [run, baselines] : found)
    for (const auto& [name, y] : baselines) chart.baselines.push_back({are_shared ? name : format("{}: {}", run, name), y});
}

bool is_empty(const Chart& chart) {
  return std::ranges::all_of(chart.series, [](const Series& series) { return series.x.empty(); });
}

// With a series for every run, so that each has its colour: those of other tasks are empty.
Html chart_of(const TaskCurves& curves, const std::string& title, const std::string& key) {
  const auto& [runs, own, axis] = curves;
  Chart chart{.title = title, .x_label = axis == CurveAxis::kSteps ? "steps" : "epochs", .y_label = key};
  for (const RunRecord& run : runs) chart.series.push_back({.name = run.name});
  for (const size_t i : own.places) chart.series[i] = series_of(runs[i], key, axis);
  if (is_empty(chart)) return {};
  if (key == "loss")
    for (Series& series : chart.series) series.smoothing = usual_smoothing(series.x);
  add_baselines(chart, runs, key);
  return svg_chart(chart);
}

// What is looked at first: losses and what the runs are about.
std::vector<std::string> main_keys(const TaskCurves& curves) {
  std::vector<std::string> keys{"loss", "val_loss"};
  for (const size_t i : curves.own.places) add_once(keys, "val_" + main_metric(curves.runs[i]));
  return keys;
}

// A loss of each decoder layer is the training's own business.
bool is_shown(const std::string& key) { return key != "step" && key != "epoch" && key.find("_layer") == std::string::npos; }

std::vector<std::string> further_keys(const TaskCurves& curves, const std::vector<std::string>& shown) {
  std::vector<std::string> keys;
  for (const size_t i : curves.own.places)
    for (const Json& line : curves.runs[i].metrics)
      for (const auto& [key, value] : line.as_object())
        if (is_shown(key) && std::ranges::find(shown, key) == shown.end() && number_at(line, key)) add_once(keys, key);
  return keys;
}

std::string title_of(const std::string& key) {
  if (key == "loss") return "Training loss";
  if (key == "val_loss") return "Validation loss";
  return key.starts_with("val_") ? readable_name(key.substr(4)) + " on validation images" : readable_name(key);
}

Html charts_of(const TaskCurves& curves, const std::vector<std::string>& keys) {
  Html charts;
  for (const std::string& key : keys) charts += chart_of(curves, title_of(key), key);
  return charts.is_empty() ? charts : html_element("div", {{"class", "charts"}}, charts);
}

Html all_charts_of(const TaskCurves& curves) {
  const std::vector<std::string> keys = main_keys(curves);
  Html content = charts_of(curves, keys);
  const Html further = charts_of(curves, further_keys(curves, keys));
  return further.is_empty() ? content : content + html_details("All other curves", further);
}

std::vector<std::string> notes_of(Runs runs, CurveAxis axis) {
  std::vector<std::string> notes;
  for (const RunRecord& run : runs)
    if (!run.metrics.empty() && !steps_a_unit(run, axis))
      notes.push_back(format("{} doesn't say yet how long an epoch is, so that it has no curves here", run.name));
  return notes;
}

}  // namespace

Html curves_section(Runs runs, CurveAxis axis) {
  std::vector<std::pair<std::string, Html>> drawn;
  for (const TaskRuns& own : tasks_of(runs))
    if (Html charts = all_charts_of({runs, own, axis}); !charts.is_empty()) drawn.emplace_back(own.task, std::move(charts));
  Html content;
  for (const auto& [task, charts] : drawn) {
    if (drawn.size() > 1) content += html_element("h3", task.empty() ? "Of a task that is not known" : "Of task " + task);
    content += charts;
  }
  return html_section("curves", "Curves", content + html_list(notes_of(runs, axis)));
}

}  // namespace glid
