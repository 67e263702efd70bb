#include "glid/train/floor_watch.h"

#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"

namespace glid {

void FloorWatch::check(int64_t step, const std::vector<Diagnostic>& diagnostics,
                       const std::vector<std::pair<std::string, double>>& values) {
  low_lines_.resize(diagnostics.size());
  for (size_t i = 0; i < diagnostics.size(); ++i) {
    const Diagnostic& d = diagnostics[i];
    const auto found = std::ranges::find(values, d.name, &std::pair<std::string, double>::first);
    if (found == values.end()) continue;  // no picture of this update is about it
    const double value = found->second;
    const bool low = step > warmup_steps_ && value < d.floor;
    low_lines_[i] = low ? low_lines_[i] + 1 : 0;
    if (low_lines_[i] == 1) log_warning("step {}: {} is {:.4f}: {}", step, d.name, value, d.warning);
    if (max_lines_ && low_lines_[i] >= *max_lines_)
      throw Error(ExitCode::kNumerical, format("step {}", step),
                  format("{} was under {} in {} logged lines in a row: {}", d.name, d.floor, low_lines_[i], d.warning),
                  format("{:.4f}", value), "see train.max_lines_under_floor");
  }
}

}  // namespace glid
