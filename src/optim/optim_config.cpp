#include "glid/optim/optim_config.h"

#include <algorithm>

namespace glid {

void OptimConfig::check(config::Problems& problems) const {
  if (std::holds_alternative<OneCycleSchedule>(schedule) && warmup_steps.value_or(0) > 0)
    problems.add("warmup_steps", "must be 0 or absent for optim.schedule: one_cycle, which has its own rise", "",
                 "set optim.schedule.pct");
  const auto is_frozen = [&](const char* part) { return std::find(freeze.begin(), freeze.end(), part) != freeze.end(); };
  if (is_frozen("encoder") && is_frozen("bifpn") && is_frozen("decoder") && is_frozen("queries") && is_frozen("heads"))
    problems.add("freeze", "leaves nothing to train");
}

}  // namespace glid
