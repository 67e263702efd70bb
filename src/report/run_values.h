// Values of a run's metrics.jsonl by their names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sections.h"

namespace glid {

// At the end of a list that hasn't it yet.
void add_once(std::vector<std::string>& list, const std::string& text);

// A number that a line has under a key; none where it has none, null, or one that no chart can show.
std::optional<double> number_at(const Json& line, std::string_view key);

// The lines of validations: those with a val_<name>.
bool is_validation(const Json& line);
// The first line of losses without learning, or of values without looking; null where there is none.
const Json* reference_of(const RunRecord& run, std::string_view kind);
inline constexpr const char* kWithoutLearning = "without_learning";
inline constexpr const char* kWithoutLooking = "without_looking";

// The step of a line or a state; none where it has none.
std::optional<int64_t> step_at(const Json* values);
// How many steps the run has made, as far as its folder knows: lines come every few steps, checkpoints too.
std::optional<int64_t> steps_made(const RunRecord& run);

// Runs of a task, by their places: they have the same numbers.
struct TaskRuns {
  std::string task;  // empty where no configuration says it
  std::vector<size_t> places;
};
std::vector<TaskRuns> tasks_of(Runs runs);

// The metric that a run is about, without val_: what its best checkpoint is chosen by or will be, of several tasks without
// one the first that is known; "loss" where it measures nothing else.
std::string main_metric(const RunRecord& run);

}  // namespace glid
