#include "glid/eval/evaluate_files.h"

#include "file_evaluators.h"
#include "reports.h"

namespace glid {

Report evaluate_files(const EvalRequest& request) {
  if (!request.plots.empty()) std::filesystem::create_directories(request.plots);
  return std::visit([&](const auto& settings) { return named_report(evaluate_task(settings, request), settings); },
                    request.settings.metric);
}

}  // namespace glid
