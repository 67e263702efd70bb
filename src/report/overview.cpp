// What the runs are and how far they are.
#include <algorithm>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "number_names.h"
#include "run_values.h"
#include "sections.h"
#include "svg_chart.h"

namespace glid {
namespace {

std::string state_of(const RunRecord& run) {
  if (run.is_report_alone) return "an evaluation alone";
  if (run.lock == LockState::kHeld) return run.lock_owner.empty() ? "going on" : format("going on ({})", run.lock_owner);
  if (!run.log.end.empty()) return run.log.end.substr(0, run.log.end.find(':'));
  return run.lock ? "killed or lost" : "ended without its last word";
}

// Of a run that has ended before its end: what is left of it, and how it goes on.
std::string way_on(const RunRecord& run) {
  if (run.is_report_alone || run.lock == LockState::kHeld || run.log.end.starts_with("done:")) return {};
  std::string text = state_of(run);
  if (run.lock == LockState::kLeft && !run.lock_owner.empty()) text += format(": its {} is gone", run.lock_owner);
  text += run.checkpoint.empty() ? "; no checkpoint yet" : format("; newest checkpoint: {}", run.checkpoint);
  if (!run.log.starts.empty()) text += format("; goes on with {}", run.log.starts.back().command);
  return text;
}

// "..; 1000 steps of 32 images, ..": what the run said that it would make.
std::string total_steps(const RunRecord& run) {
  const size_t place = run.log.data.find("; ");
  if (place == std::string::npos) return {};
  const std::string words = run.log.data.substr(place + 2);
  const bool has_steps = words.find(" steps of ") != std::string::npos || words.starts_with("1 step of ");
  return has_steps ? words.substr(0, words.find(' ')) : "";
}

// The date in one piece.
Html begun(const RunRecord& run) {
  if (run.log.starts.empty()) return {};
  const std::string& time = run.log.starts.front().time;
  const size_t end = std::min(time.find(' '), time.size());
  return html_element("span", {{"class", "whole"}}, html_text(time.substr(0, end))) + html_text(time.substr(end));
}

// "0.1.0 (commit 39a784a12345)" of "glid 0.1.0 (commit ..) on HOST, ..".
std::string version_of(const RunRecord& run) {
  if (run.log.starts.empty()) return {};
  const std::string& text = run.log.starts.back().environment;
  const size_t begin = text.find(' ') + 1;
  return text.substr(begin, text.find(" on ") - begin);
}

// Of the last line that has the key.
Html last_number(const RunRecord& run, const std::string& key) {
  for (auto line = run.metrics.rbegin(); line != run.metrics.rend(); ++line)
    if (const Json* value = line->find(key); value != nullptr && !value->is_object()) return html_number(*value);
  return {};
}

Html steps_of(const RunRecord& run) {
  const std::optional<int64_t> made = steps_made(run);
  if (!made) return {};
  const std::string total = total_steps(run);
  return html_number(Json(*made)) + html_text(total.empty() ? "" : " of " + total);
}

Html metric_of(const RunRecord& run) {
  const std::string name = main_metric(run);
  const Html value = name == "loss" ? Html() : last_number(run, "val_" + name);
  return value.is_empty() ? value : html_name(name + arrow_of(name) + " ") + value;
}

std::vector<std::string> notes_of(Runs runs) {
  std::vector<std::string> notes;
  for (const RunRecord& run : runs) {
    if (const std::string on = way_on(run); !on.empty()) notes.push_back(format("{}: {}", run.name, on));
    if (run.damaged_lines > 0)
      notes.push_back(format("{}: left out: {} of metrics.jsonl", run.name, counted(run.damaged_lines, "damaged line")));
    for (const std::string& reason : run.left_out) notes.push_back(format("{}: left out: {}", run.name, reason));
  }
  return notes;
}

}  // namespace

Html run_label(Runs runs, size_t run) { return svg_line_key(run, runs.size()) + html_name(runs[run].name); }

std::vector<Html> run_columns(Runs runs, std::string_view first) {
  std::vector<Html> heads{html_text(first)};
  for (size_t i = 0; i < runs.size(); ++i) heads.push_back(run_label(runs, i));
  return heads;
}

Html overview_section(Runs runs) {
  HtmlTable table{.caption = "State and last numbers"};
  for (const char* head : {"run", "state", "task", "steps", "training loss", "validation loss", "metric", "images a second",
                           "begun", "version"})
    table.head.push_back(html_text(head));
  for (size_t i = 0; i < runs.size(); ++i) {
    const RunRecord& run = runs[i];
    table.rows.push_back({run_label(runs, i), html_text(state_of(run)), html_text(run.setting("task.name")), steps_of(run),
                          last_number(run, "loss"), last_number(run, "val_loss"), metric_of(run),
                          last_number(run, "images_per_s"), begun(run), html_text(version_of(run))});
  }
  return html_section("runs", "Runs", html_table(table) + html_list(notes_of(runs)));
}

}  // namespace glid
