#include "glid/optim/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "glid/core/format.h"

namespace glid {
namespace {

double part(int64_t steps, int64_t of) { return static_cast<double>(steps) / static_cast<double>(of); }

// Each overload: the rate as a part of the peak, after the warm-up.
double rate(const CosineSchedule&, const Schedule& run, int64_t completed) {
  if (completed >= run.total_steps) return 0;
  const double progress = part(completed - run.warmup_steps, run.total_steps - run.warmup_steps);
  return 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

double rate(const PolySchedule& poly, const Schedule& run, int64_t completed) {
  if (completed >= run.total_steps) return 0;
  return std::pow(1 - part(completed - run.warmup_steps, run.total_steps - run.warmup_steps), poly.power);
}

int64_t in_steps(MilestoneUnit unit, const Schedule& run) {
  switch (unit) {
    case MilestoneUnit::kPart: return run.total_steps;
    case MilestoneUnit::kEpochs: return run.steps_per_epoch;
    case MilestoneUnit::kSteps: return 1;
  }
  return 1;
}

// Milestones are whole steps, so that rounding of the product can't move one.
int64_t milestone_step(const StepsSchedule& steps, double milestone, const Schedule& run) {
  return std::llround(milestone * static_cast<double>(in_steps(steps.unit, run)));
}

double rate(const StepsSchedule& steps, const Schedule& run, int64_t completed) {
  const auto passed = std::ranges::count_if(
      steps.milestones, [&](double milestone) { return completed >= milestone_step(steps, milestone, run); });
  return std::pow(steps.factor, static_cast<double>(passed));
}

double half_cosine(double from, double to, double progress) {
  return to + (from - to) / 2 * (1 + std::cos(std::numbers::pi * progress));
}

double rate(const OneCycleSchedule& cycle, const Schedule& run, int64_t completed) {
  const double first = 1 / cycle.div, last = first / cycle.final_div;
  const double top = cycle.pct * static_cast<double>(run.total_steps) - 1, end = static_cast<double>(run.total_steps - 1);
  const auto step = static_cast<double>(completed);
  if (step >= end) return last;
  if (step <= top) return top > 0 ? half_cosine(first, 1, step / top) : 1;
  return half_cosine(1, last, (step - top) / (end - top));
}

}  // namespace

void StepsSchedule::check(config::Problems& problems) const {
  if (!std::ranges::is_sorted(milestones)) problems.add("milestones", "must ascend");
  if (unit == MilestoneUnit::kPart && std::ranges::any_of(milestones, [](double milestone) { return milestone >= 1; }))
    problems.add("milestones", "must be below 1: they are parts of the run", "",
                 "or set unit: epochs or unit: steps beside them");
}

double Schedule::at(int64_t completed) const {
  if (completed < warmup_steps) {
    const auto done = static_cast<double>(completed), length = static_cast<double>(warmup_steps);
    return peak * done / length + peak * warmup_start * (1 - done / length);
  }
  return peak * std::visit([&](const auto& alternative) { return rate(alternative, *this, completed); }, shape);
}

std::string Schedule::warning() const {
  if (warmup_steps >= total_steps)
    return format("the warm-up, {} steps, is as long as the run, {} steps, or longer: the learning rate never falls",
                  warmup_steps, total_steps);
  const auto* steps = std::get_if<StepsSchedule>(&shape);
  if (!steps || steps->milestones.empty() || milestone_step(*steps, steps->milestones.back(), *this) < total_steps)
    return {};
  return format("the last milestone is at step {} of a run of {}: it is never passed",
                milestone_step(*steps, steps->milestones.back(), *this), total_steps);
}

}  // namespace glid
