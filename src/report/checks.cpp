#include "checks.h"

#include "run_values.h"

namespace glid {
namespace {

// Or null.
void check_numbers(const Json* values) {
  if (values == nullptr) return;
  for (const auto& [name, value] : values->as_object()) value.as_double();
}

// With a name and numbers of it.
void check_class(const Json& row) {
  row.at("name").as_string();
  for (const auto& [name, value] : row.as_object())
    if (name != "id" && name != "name") value.as_double();
}

void check_best(const Json& best) {
  best.at("name").as_string();
  best.at("step").as_int();
  best.at("value").as_double();
}

void check_split(const Json& split) {
  split.at("split").as_string();
  split.at("images").as_int();
  split.at("findings").as_array();
  for (const auto& [kind, rows] : split.at("classes").as_object())
    for (const Json& row : rows.as_array()) check_class(row);
}

}  // namespace

void check_metrics(const Json& line) {
  for (const auto& [name, value] : line.as_object()) {
    const bool is_reference = name == kWithoutLearning || name == kWithoutLooking;
    if (is_reference && value.is_object()) check_numbers(&value);
    else value.as_double();
  }
}

void check_state(const Json& state) {
  if (const Json* step = state.find("step")) step->as_int();
  if (const Json* best = state.find("best")) check_best(*best);
  if (const Json* dataset = state.find("dataset")) dataset->as_object();
  const Json* vocabulary = state.find("vocabulary");
  for (const char* kind : kShownNames)
    if (const Json* names = vocabulary != nullptr ? vocabulary->find(kind) : nullptr) names->as_array();
}

void check_data(const Json& check) {
  check.at("dataset").as_string();
  for (const Json& split : check.at("splits").as_array()) check_split(split);
}

void check_evaluation(const Json& report) {
  for (const char* key : {"losses", "without_looking"}) check_numbers(report.find(key));
  if (const Json* counts = report.find("classes_in_means"))
    for (const auto& [name, count] : counts->as_object()) count.as_int();
  if (const Json* unit = report.find("unit")) unit->as_string();
  if (const Json* notes = report.find("notes"))
    for (const Json& note : notes->as_array()) note.as_string();
  const Json* classes = report.find("per_class");
  if (classes == nullptr || classes->is_null()) return;
  for (const Json& row : classes->as_array()) {
    row.at("id").as_int();
    check_class(row);
  }
}

}  // namespace glid
