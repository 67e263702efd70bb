#include "glid/eval/evaluate_files.h"

#include "file_evaluators.h"
#include "reports.h"

namespace glid {

Report evaluate_files(const EvalRequest& request) {
  if (!request.plots.empty()) std::filesystem::create_directories(request.plots);
  return std::visit([&](const auto& settings) { return named_report(evaluate_task(settings, request), settings); },
                    request.settings.metric);
}

std::optional<Bootstrap> bootstrap_of(const Metric& metric, const EvalRequest& request) {
  if (request.bootstrap == 0) return std::nullopt;
  return bootstrap(metric, {.num_samples = request.bootstrap, .num_threads = request.settings.threads});
}

}  // namespace glid
