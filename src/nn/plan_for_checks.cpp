#include "glid/nn/plan_for_checks.h"

#include <vector>

#include "glid/nn/window_plan.h"

namespace glid {

std::shared_ptr<const PlanTensors> plan_for_checks(const UnitGrid& grid, bool masked, int64_t window,
                                                   const at::Device& device) {
  const StageWindows windows{window, window, window, window};
  std::vector<SamplePlan> samples;
  for (int64_t image = 0; image < 4; ++image) {
    std::vector<int64_t> visible;
    for (int64_t unit = 0; unit < grid.size(); ++unit)
      if (!masked || (unit * 7 + image * 3) % 4 == 0) visible.push_back(unit);
    samples.push_back(plan_sample(grid, visible, windows));
  }
  return to_tensors(collate(samples), device);
}

}  // namespace glid
