// The learning rate as a function of the step, in closed form (no LibTorch).
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "glid/config/fields.h"

namespace glid {

// Half a cosine to 0 (facebookresearch/mae, lr_sched.py, per iteration).
struct CosineSchedule {
  static constexpr std::string_view kName = "cosine";
  template <class V>
  void fields(V&) {}
};

// (1 - progress)^power to 0.
struct PolySchedule {
  static constexpr std::string_view kName = "poly";
  double power = 0.9;

  template <class V>
  void fields(V& v) {
    v("power", power, "of the part of the run that is left", config::positive());
  }
};

enum class MilestoneUnit { kPart, kEpochs, kSteps };
constexpr auto enum_names(MilestoneUnit) {
  return std::to_array<config::Named<MilestoneUnit>>(
      {{MilestoneUnit::kPart, "part"}, {MilestoneUnit::kEpochs, "epochs"}, {MilestoneUnit::kSteps, "steps"}});
}

struct StepsSchedule {
  static constexpr std::string_view kName = "steps";
  std::vector<double> milestones{0.8};
  MilestoneUnit unit = MilestoneUnit::kPart;
  double factor = 0.1;

  template <class V>
  void fields(V& v) {
    v("milestones", milestones, "after which the rate falls, ascending", config::positive());
    v("unit", unit, "of the milestones: part of the run, epochs or steps");
    v("factor", factor, "of the rate at each milestone", config::in_range(config::above(0), 1));
  }
  void check(config::Problems& problems) const;
};

// Smith & Topin, arXiv 1708.07120, as torch.optim.lr_scheduler.OneCycleLR with two cosine phases.
struct OneCycleSchedule {
  static constexpr std::string_view kName = "one_cycle";
  double pct = 0.3;
  double div = 25;
  double final_div = 100;

  template <class V>
  void fields(V& v) {
    v("pct", pct, "part of the run in which the rate rises", config::in_range(config::above(0), config::below(1)));
    v("div", div, "the first rate is the peak over it", config::at_least(1));
    v("final_div", final_div, "the last rate is the first one over it", config::at_least(1));
  }
};

using ScheduleConfig = std::variant<CosineSchedule, PolySchedule, StepsSchedule, OneCycleSchedule>;

struct Schedule {
  double peak = 0;
  int64_t warmup_steps = 0;  // one_cycle has none
  int64_t total_steps = 1;
  double warmup_start = 0;  // part of the peak
  ScheduleConfig shape;
  int64_t steps_per_epoch = 1;  // for milestones in epochs

  // For the update that follows `completed` updates: linear over the warm-up, then the shape. Cosine and poly run over
  // what the warm-up leaves, milestones and one_cycle over the whole run. A warm-up longer than the run only rises.
  double at(int64_t completed) const;
  // A sentence for people if the warm-up fills the run, or a milestone lies behind its end; else empty.
  std::string warning() const;
};

}  // namespace glid
