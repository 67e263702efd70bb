#include <memory>

#include "ap_settings.h"
#include "box_notes.h"
#include "file_evaluators.h"
#include "glid/eval/image_hash.h"
#include "glid/formats/coco_json.h"
#include "glid/formats/coco_results.h"
#include "glid/metrics/coco_ap.h"
#include "glid/metrics/image_records.h"
#include "plots.h"
#include "reports.h"

namespace glid {
namespace {

ImageNames names_of(const CocoIndex& truth) {
  ImageNames names;
  for (size_t i = 0; i < truth.images().size(); ++i) names[image_key(static_cast<int64_t>(i))] = stem_of(truth.image_id(i));
  return names;
}

template <class Settings>
FileEvaluation evaluate(const Settings& settings, const EvalRequest& request) {
  const ApParameters parameters = ap_parameters(settings);
  parameters.check();
  const CocoIndex truth = CocoIndex::open(request.annotations, coco_use(parameters));
  const auto results = std::make_shared<const CocoResults>(read_coco_results(request.results, truth, parameters.kind));
  const ApRequest asked{parameters, request.settings.threads};
  const ApAccumulator matches = match_coco(truth, *results, asked);
  ApReport found = ap_report(truth, *results, matches, request.settings.threads);
  Report report = report_of(found, rules_of(settings));
  const ImageNames names = names_of(truth);
  report.bootstrap = bootstrap_of(matches, request, names);
  report.image_hash = hash_of_names(names);
  if (parameters.kind == CocoKind::kBox)
    for (std::string& note : box_notes(truth, *results)) report.notes.push_back(std::move(note));
  return {std::move(report),
          [found = std::move(found), truth, results, asked](const Report& named, const std::filesystem::path& folder) {
            plot_precision_recall(found, folder);
            if (asked.parameters.kind != CocoKind::kKeypoint && !found.per_class.empty())
              plot_confusion(confusion_of_coco(truth, *results, asked), named, folder);
          }};
}

}  // namespace

FileEvaluation evaluate_task(const BoxSettings& settings, const EvalRequest& request) { return evaluate(settings, request); }

FileEvaluation evaluate_task(const MaskSettings& settings, const EvalRequest& request) {
  return evaluate(settings, request);
}

FileEvaluation evaluate_task(const KeypointSettings& settings, const EvalRequest& request) {
  return evaluate(settings, request);
}

}  // namespace glid
