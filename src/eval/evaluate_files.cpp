#include "glid/eval/evaluate_files.h"

#include "file_evaluators.h"

namespace glid {

Report evaluate_files(const EvalRequest& request) {
  if (!request.plots.empty()) std::filesystem::create_directories(request.plots);
  return std::visit(
      [&](const auto& settings) {
        Report report = evaluate_task(settings, request);
        report.task = settings.kName;
        if constexpr (requires { settings.protocol; }) report.protocol = config::name_of(settings.protocol);
        return report;
      },
      request.settings.metric);
}

}  // namespace glid
