#include <algorithm>

#include "file_evaluators.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/coco_json.h"
#include "glid/formats/coco_results.h"
#include "glid/metrics/coco_ap.h"
#include "plots.h"

namespace glid {
namespace {

// Names by place, as in pycocotools: all, small, medium, large; persons have no small. Further ones are counted on.
std::vector<AreaRange> named_ranges(const std::vector<std::array<double, 2>>& ranges, CocoKind kind) {
  static const std::vector<std::string> kObjects = {"all", "small", "medium", "large"},
                                        kPersons = {"all", "medium", "large"};
  const auto& names = kind == CocoKind::kKeypoint ? kPersons : kObjects;
  std::vector<AreaRange> named;
  for (size_t i = 0; i < ranges.size(); ++i)
    named.push_back({i < names.size() ? names[i] : format("range{}", i + 1), ranges[i][0], ranges[i][1]});
  return named;
}

ApParameters parameters_of(const ApSettings& settings, CocoKind kind) {
  ApParameters parameters = ap_parameters(settings.protocol, kind);
  if (settings.max_dets) parameters.max_dets = *settings.max_dets;
  if (settings.iou_thresholds) parameters.iou_thresholds = *settings.iou_thresholds;
  if (settings.area_ranges) parameters.area_ranges = named_ranges(*settings.area_ranges, kind);
  return parameters;
}

std::string rules_of(ApProtocol protocol, const ApParameters& parameters) {
  const bool changed = parameters != ap_parameters(protocol, parameters.kind);
  return std::string(config::meaning_of(protocol)) + (changed ? "; with settings of yours (eval.*)" : "");
}

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
  return evaluate(parameters_of(settings, CocoKind::kBox), settings.protocol, request);
}

Report evaluate_task(const MaskSettings& settings, const EvalRequest& request) {
  return evaluate(parameters_of(settings, CocoKind::kMask), settings.protocol, request);
}

Report evaluate_task(const KeypointSettings& settings, const EvalRequest& request) {
  ApParameters parameters = parameters_of(settings, CocoKind::kKeypoint);
  if (settings.sigmas) parameters.keypoint_sigmas = *settings.sigmas;
  return evaluate(parameters, settings.protocol, request);
}

}  // namespace glid
