#include "glid/eval/evaluate_files.h"

#include <optional>
#include <utility>

#include "file_evaluators.h"
#include "glid/core/temporaries.h"
#include "glid/eval/image_hash.h"
#include "reports.h"

namespace glid {

Report evaluate_files(const EvalRequest& request, const OnReport& found) {
  FileEvaluation evaluated = std::visit(
      [&](const auto& settings) {
        FileEvaluation done = evaluate_task(settings, request);
        done.report = named_report(std::move(done.report), settings);
        return done;
      },
      request.settings.metric);
  if (found) found(evaluated.report);
  if (!request.plots.empty()) {
    FoldersAbove above(request.plots / "picture");
    evaluated.draw(evaluated.report, request.plots);
    above.keep();
  }
  return std::move(evaluated.report);
}

std::optional<Bootstrap> bootstrap_of(const Metric& metric, const EvalRequest& request, const ImageNames& names) {
  if (request.bootstrap == 0) return std::nullopt;
  return bootstrap(metric, {.num_samples = request.bootstrap, .num_threads = request.settings.threads, .names = names});
}

std::string image_hash_of(const Metric& metric) {
  const std::vector<std::string> stems = metric.keys();
  return image_hash({stems.begin(), stems.end()});
}

}  // namespace glid
