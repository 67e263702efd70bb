#include "accumulate.h"
#include "file_evaluators.h"
#include "glid/core/error.h"
#include "glid/formats/ade20k.h"
#include "glid/formats/label_map.h"
#include "glid/formats/pairs.h"
#include "glid/metrics/mean_iou.h"
#include "matched_files.h"
#include "plots.h"
#include "reports.h"

namespace glid {
namespace {

void add_image(const MatchedFile& file, MeanIou& metric) {
  const LabelMap truth = read_label_png(file.annotation), predicted = read_label_png(file.result);
  require_same_size(file.result, predicted, truth);
  try {
    metric.add(file.stem, predicted.labels, truth.labels);
  } catch (const DataError& error) {
    throw DataError(file.annotation.string(), error.what());
  }
}

MeanIou evaluate(const std::vector<MatchedFile>& files, const EvalRequest& request, const MeanIouOptions& options) {
  return accumulate(std::ssize(files), request.settings.threads, MeanIou(options),
                    [&](size_t i, MeanIou& part) { add_image(files[i], part); });
}

std::vector<std::string> class_names(int64_t num_classes, const std::vector<std::string>& given) {
  if (std::ssize(given) == num_classes) return given;
  std::vector<std::string> names;
  for (int64_t c = 0; c < num_classes; ++c)
    names.push_back(num_classes == kNumAdeClasses ? std::string(ade_classes()[static_cast<size_t>(c)].name)
                                                  : std::to_string(c));
  return names;
}

}  // namespace

FileEvaluation evaluate_task(const SemanticFileSettings& settings, const EvalRequest& request) {
  const MatchedFiles matched = match_files(request.results, request.annotations, kPngExtensions);
  const MeanIou metric = evaluate(matched.files, request, settings);
  Report report = report_of(metric, class_names(settings.num_classes, request.class_names));
  report.bootstrap = bootstrap_of(metric, request);
  report.image_hash = image_hash_of(metric);
  matched.add_notes(report.notes);
  return {std::move(report), [confusion = metric.confusion()](const Report& found, const std::filesystem::path& folder) {
            plot_confusion(confusion, found, folder);
            plot_classes(found, "IoU", folder);
          }};
}

}  // namespace glid
