#include "glid/optim/optim_config.h"

#include <algorithm>

namespace glid {

void OptimConfig::check(config::Problems& problems) const {
  if (std::holds_alternative<OneCycleSchedule>(schedule) && warmup_steps.value_or(0) > 0)
    problems.add("warmup_steps", "must be 0 or absent for optim.schedule: one_cycle, which has its own rise", "",
                 "set optim.schedule.pct");
  // Few models have a unit decoder, and nobody trains one alone.
  const auto is_frozen = [&](std::string_view part) {
    return part == "unit_decoder" || std::find(freeze.begin(), freeze.end(), part) != freeze.end();
  };
  if (std::ranges::all_of(kModelParts, is_frozen)) problems.add("freeze", "leaves nothing to train");
}

}  // namespace glid
