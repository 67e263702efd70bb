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

CocoKind kind_of(EvalTask task) {
  if (task == EvalTask::kBox) return CocoKind::kBox;
  return task == EvalTask::kMask ? CocoKind::kMask : CocoKind::kKeypoint;
}

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

ApParameters parameters_of(const EvalRequest& request, std::string_view protocol) {
  const EvalSettings& config = request.config;
  ApParameters parameters = ap_protocol(protocol, kind_of(request.task));
  if (config.max_dets) parameters.max_dets = *config.max_dets;
  if (config.iou_thresholds) parameters.iou_thresholds = *config.iou_thresholds;
  if (config.area_ranges) parameters.area_ranges = named_ranges(*config.area_ranges, parameters.kind);
  if (config.sigmas) parameters.keypoint_sigmas = *config.sigmas;
  return parameters;
}

std::string rules_of(std::string_view protocol, const EvalSettings& config) {
  const auto protocols = ap_protocols();
  const auto found = std::find_if(protocols.begin(), protocols.end(), [&](const auto& p) { return p.name == protocol; });
  const bool changed = config.max_dets || config.iou_thresholds || config.area_ranges || config.sigmas;
  return std::string(found->meaning) + (changed ? "; with settings of yours (eval.*)" : "");
}

ReportRow row_of(const ApClass& row) {
  NamedValues values = named_values(row.numbers);
  values.emplace_back("truths", static_cast<double>(row.num_truths));
  values.emplace_back("detections", static_cast<double>(row.num_detections));
  return {row.id, row.name, std::move(values)};
}

}  // namespace

Report evaluate_coco_files(const EvalRequest& request, std::string_view protocol) {
  const ApParameters parameters = parameters_of(request, protocol);
  parameters.check();
  const CocoIndex truth = CocoIndex::open(request.annotations);
  const CocoResults results = read_coco_results(request.results, truth, parameters.kind);
  const ApReport found = evaluate_coco(truth, results, {parameters, request.config.threads});
  Report report;
  report.rules = rules_of(protocol, request.config);
  report.images = found.num_images;
  report.metrics = named_values(found.numbers);
  for (const ApClass& row : found.per_class) report.per_class.push_back(row_of(row));
  report.notes = found.notes;
  if (!request.plots.empty()) plot_precision_recall(found, request.plots);
  return report;
}

}  // namespace glid
