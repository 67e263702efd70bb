#include "ap_settings.h"
#include "file_evaluators.h"
#include "glid/formats/coco_json.h"
#include "glid/formats/coco_results.h"
#include "glid/metrics/coco_ap.h"
#include "plots.h"

namespace glid {
namespace {

ReportRow row_of(const ApClass& row) {
  NamedValues values = named_values(row.numbers);
  values.emplace_back("truths", static_cast<double>(row.num_truths));
  values.emplace_back("detections", static_cast<double>(row.num_detections));
  return {row.id, row.name, std::move(values)};
}

Report evaluate(const ApParameters& parameters, ApProtocol protocol, const EvalRequest& request) {
  parameters.check();
  const CocoIndex truth = CocoIndex::open(request.annotations);
  const CocoResults results = read_coco_results(request.results, truth, parameters.kind);
  const ApReport found = evaluate_coco(truth, results, {parameters, request.settings.threads});
  Report report;
  report.rules = rules_of(protocol, parameters);
  report.images = found.num_images;
  report.metrics = named_values(found.numbers);
  for (const ApClass& row : found.per_class) report.per_class.push_back(row_of(row));
  report.notes = found.notes;
  if (!request.plots.empty()) plot_precision_recall(found, request.plots);
  return report;
}

}  // namespace

Report evaluate_task(const BoxSettings& settings, const EvalRequest& request) {
  return evaluate(ap_parameters(settings), settings.protocol, request);
}

Report evaluate_task(const MaskSettings& settings, const EvalRequest& request) {
  return evaluate(ap_parameters(settings), settings.protocol, request);
}

Report evaluate_task(const KeypointSettings& settings, const EvalRequest& request) {
  return evaluate(ap_parameters(settings), settings.protocol, request);
}

}  // namespace glid
