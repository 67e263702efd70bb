#include "glid/optim/schedule.h"

#include <cmath>
#include <numbers>

namespace glid {

double Schedule::at(int64_t completed) const {
  if (completed < warmup_steps) return peak * static_cast<double>(completed) / static_cast<double>(warmup_steps);
  if (completed >= total_steps) return 0;
  const double progress = static_cast<double>(completed - warmup_steps) / static_cast<double>(total_steps - warmup_steps);
  return peak * 0.5 * (1 + std::cos(std::numbers::pi * progress));
}

}  // namespace glid
