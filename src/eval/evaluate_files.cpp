#include "glid/eval/evaluate_files.h"

#include <optional>

#include "file_evaluators.h"
#include "glid/core/temporaries.h"
#include "glid/eval/image_hash.h"
#include "reports.h"

namespace glid {

Report evaluate_files(const EvalRequest& request) {
  std::optional<FoldersAbove> plots;  // gone again where nothing is drawn
  if (!request.plots.empty()) plots.emplace(request.plots / "picture");
  Report report = std::visit([&](const auto& settings) { return named_report(evaluate_task(settings, request), settings); },
                             request.settings.metric);
  if (plots) plots->keep();
  return report;
}

std::optional<Bootstrap> bootstrap_of(const Metric& metric, const EvalRequest& request) {
  if (request.bootstrap == 0) return std::nullopt;
  return bootstrap(metric, {.num_samples = request.bootstrap, .num_threads = request.settings.threads});
}

std::string image_hash_of(const Metric& metric) {
  const std::vector<std::string> stems = metric.keys();
  return image_hash({stems.begin(), stems.end()});
}

}  // namespace glid
