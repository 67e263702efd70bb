// What validations while training found.
#include "glid/core/format.h"
#include "run_values.h"
#include "sections.h"

namespace glid {
namespace {

const Json* last_validation(const RunRecord& run) {
  const auto last = std::find_if(run.metrics.rbegin(), run.metrics.rend(), is_validation);
  return last == run.metrics.rend() ? nullptr : &*last;
}

// Of all runs' last validations, in the order in which they come up; what only a blind prediction has is there too.
std::vector<std::string> names_of(Runs runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    const Json* last = last_validation(run);
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

std::vector<Html> step_row(Runs runs) {
  std::vector<Html> row{html_text("step")};
  for (const RunRecord& run : runs) {
    const Json* last = last_validation(run);
    row.push_back(last != nullptr ? html_number(last->at("step")) : html_text("none yet"));
  }
  return row;
}

// By what the best checkpoint is chosen.
Html best_of(const RunRecord& run) {
  const Json* best = run.state ? run.state->find("best") : nullptr;
  if (best == nullptr || best->at("step").as_int() < 0) return {};
  return html_text(best->at("name").as_string() + " ") + html_number(best->at("value")) + html_text(" at step ") +
         html_number(best->at("step"));
}

}  // namespace

Html validation_section(Runs runs) {
  const std::vector<std::string> names = names_of(runs);
  if (names.empty()) return {};
  HtmlTable table{.caption = "The last validation while training", .head = run_columns(runs, "value")};
  table.rows.push_back(step_row(runs));
  for (const std::string& name : names) {
    std::vector<Html> row{html_text(name)};
    for (const RunRecord& run : runs) row.push_back(cell_of(run, name));
    table.rows.push_back(std::move(row));
  }
  std::vector<Html> best{html_text("best so far")};
  for (const RunRecord& run : runs) best.push_back(best_of(run));
  table.rows.push_back(std::move(best));
  const Html words =
      html_element("p",
                   "Small numbers are of predictors that never learn (losses) or that don't look at the images "
                   "(metrics): a model that is worth anything is better.");
  return html_section("validation", "Validation", words + html_table(table));
}

}  // namespace glid
