// Watches for diagnostics that say that a model has collapsed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/tasks/task.h"

namespace glid {

class FloorWatch {
 public:
  // Nothing is low before the warm-up is over. `max_lines` logged lines in a row with one diagnostic below its floor end the
  // run; none: it is only warned of. A run that goes on counts anew.
  FloorWatch(int64_t warmup_steps, std::optional<int64_t> max_lines) : warmup_steps_(warmup_steps), max_lines_(max_lines) {}

  // At every logged line, alike on all ranks: values[i] is diagnostics[i]'s over all ranks. Warns of each diagnostic when it
  // falls below its floor; throws Error (kNumerical) at the end of patience.
  void check(int64_t step, const std::vector<Diagnostic>& diagnostics,
             const std::vector<std::pair<std::string, double>>& values);

 private:
  int64_t warmup_steps_;
  std::optional<int64_t> max_lines_;
  std::vector<int64_t> low_lines_;  // in a row, of each diagnostic
};

}  // namespace glid
