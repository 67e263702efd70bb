// Evaluations that a run has left behind.
#include <algorithm>

#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/eval/comparison.h"
#include "report_groups.h"
#include "run_values.h"

namespace glid {
namespace {

// Of the run's newest numbers, and of the checkpoints that glid_eval takes.
struct RunSteps {
  std::optional<int64_t> last, newest, best;
};

RunSteps steps_of(const RunRecord& run) {
  RunSteps steps{.last = steps_made(run)};
  if (run.state) steps.newest = step_at(&*run.state), steps.best = step_at(run.state->find("best"));
  return steps;
}

bool is_old(int64_t step, const RunSteps& run) {
  if (step == run.newest || step == run.best || step == run.last) return false;
  return run.newest.has_value() || run.last.has_value();
}

std::string words_of(const NamedReport& report, int64_t step) {
  const std::string weights = model_fact(report.report, "weights");
  return format("{} is of step {}{}", report.name, step, weights.empty() ? "" : format(", weights {}", weights));
}

std::string note_of(const RunRecord& run) {
  const RunSteps steps = steps_of(run);
  std::vector<std::string> old;
  for (const NamedReport& report : run.reports)
    if (const auto step = evaluated_step(report.report); step && is_old(*step, steps))
      old.push_back(words_of(report, *step));
  if (old.empty()) return {};
  const std::string best = steps.best ? format(", its best checkpoint at step {}", *steps.best) : "";
  return format("{}: {}, while the run is at step {}{}: evaluate it anew to have numbers of one model", run.name,
                join(old, "; "), *steps.last, best);
}

}  // namespace

std::vector<std::string> notes_of_old_evaluations(Runs runs) {
  std::vector<std::string> notes;
  for (const RunRecord& run : runs)
    if (!run.is_report_alone)
      if (std::string note = note_of(run); !note.empty()) notes.push_back(std::move(note));
  return notes;
}

}  // namespace glid
