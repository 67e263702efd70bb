// What validations while training found.
#include <algorithm>

#include "glid/core/format.h"
#include "number_names.h"
#include "run_values.h"
#include "sections.h"

namespace glid {
namespace {

const Json* last_validation(const RunRecord& run) {
  const auto last = std::find_if(run.metrics.rbegin(), run.metrics.rend(), is_validation);
  return last == run.metrics.rend() ? nullptr : &*last;
}

// Of their last validations, in the order in which they come up.
std::vector<std::string> names_of(const TaskRuns& own, Runs runs) {
  std::vector<std::string> names;
  for (const size_t i : own.places) {
    const Json* last = last_validation(runs[i]);
    if (last == nullptr) continue;
    for (const auto& [key, value] : last->as_object())
      if (key.starts_with("val_")) add_once(names, key.substr(4));
  }
  return names;
}

Html cell_of(const RunRecord& run, const std::string& name) {
  Html cell = html_number(last_validation(run), "val_" + name);
  const Html blind = html_number(reference_of(run, kWithoutLooking), name);
  if (!blind.is_empty()) cell += html_element("small", html_text("without looking ") + blind);
  const Json* losses = name == "loss" ? reference_of(run, kWithoutLearning) : nullptr;
  if (losses == nullptr) return cell;
  for (const auto& [predictor, loss] : losses->as_object())
    cell += html_element("small", html_text(predictor + " ") + html_number(loss));
  return cell;
}

Html step_of(const RunRecord& run) {
  const Json* last = last_validation(run);
  return last != nullptr ? html_number(last->at("step")) : html_text("none yet");
}

// By what the best checkpoint is chosen.
Html best_of(const RunRecord& run) {
  const Json* best = run.state ? run.state->find("best") : nullptr;
  if (best == nullptr || best->at("step").as_int() < 0) return {};
  return html_text(best->at("name").as_string() + " ") + html_number(best->at("value")) + html_text(" at step ") +
         html_number(best->at("step"));
}

template <class Cell>  // Html(const RunRecord&)
std::vector<Html> row_of(std::string_view name, const TaskRuns& own, Runs runs, const Cell& cell) {
  std::vector<Html> row{html_name(name)};
  for (const size_t i : own.places) row.push_back(cell(runs[i]));
  return row;
}

Html table_of(const TaskRuns& own, Runs runs) {
  const std::vector<std::string> names = names_of(own, runs);
  if (names.empty()) return {};
  HtmlTable table{.caption = format("The last validation while training{}{}", own.task.empty() ? "" : ": ", own.task),
                  .head = {html_text("value")}};
  for (const size_t i : own.places) table.head.push_back(run_label(runs, i));
  table.rows.push_back(row_of("step", own, runs, step_of));
  for (const std::string& name : names)
    table.rows.push_back(
        row_of(readable_name(name) + arrow_of(name), own, runs, [&](const RunRecord& run) { return cell_of(run, name); }));
  table.rows.push_back(row_of("best so far", own, runs, best_of));
  return html_table(table);
}

}  // namespace

Html validation_section(Runs runs) {
  Html tables;
  for (const TaskRuns& own : tasks_of(runs)) tables += table_of(own, runs);
  if (tables.is_empty()) return {};
  const Html words =
      html_element("p",
                   "Small numbers are of predictors that never learn (losses) or that don't look at the images "
                   "(metrics): a model that is worth anything is better.");
  return html_section("validation", "Validation", words + tables);
}

}  // namespace glid
