#include "glid/eval/evaluate_files.h"

#include "file_evaluators.h"
#include "glid/core/error.h"

namespace glid {

Report evaluate_task(const LossSettings&, const EvalRequest&) {
  throw UsageError("eval.metric", "is a model's, files have none", "loss", "glid_train measures it while it trains");
}

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
