#include "glid/eval/evaluate_files.h"

#include <algorithm>

#include "depth_protocols.h"
#include "file_evaluators.h"
#include "glid/core/format.h"
#include "glid/metrics/ap_parameters.h"
#include "glid/metrics/mean_iou.h"

namespace glid {
namespace {

std::string_view choose_protocol(EvalTask task, const std::string& name) {
  const auto protocols = protocols_of(task);
  if (name.empty()) return protocols.front();
  const auto found = std::find(protocols.begin(), protocols.end(), name);
  if (found != protocols.end()) return *found;
  std::string list;
  for (const std::string_view protocol : protocols) list += (list.empty() ? "" : ", ") + std::string(protocol);
  throw UsageError("--protocol", format("is not known for --task {}", config::name_of(task)), name, "protocols are " + list);
}

Report evaluate(const EvalRequest& request, std::string_view protocol) {
  switch (request.task) {
    case EvalTask::kPanoptic: return evaluate_panoptic_files(request, protocol);
    case EvalTask::kSemantic: return evaluate_semantic_files(request, protocol);
    case EvalTask::kDepth: return evaluate_depth_files(request, protocol);
    default: return evaluate_coco_files(request, protocol);
  }
}

template <class Protocols>
std::vector<std::string_view> names_of(const Protocols& protocols) {
  std::vector<std::string_view> names;
  for (const auto& protocol : protocols) names.push_back(protocol.name);
  return names;
}

}  // namespace

std::vector<std::string_view> protocols_of(EvalTask task) {
  switch (task) {
    case EvalTask::kPanoptic: return {"panopticapi"};
    case EvalTask::kSemantic: return names_of(mean_iou_protocols());
    case EvalTask::kDepth: return names_of(depth_protocols());
    default: return names_of(ap_protocols());
  }
}

Report evaluate_files(const EvalRequest& request) {
  const std::string_view protocol = choose_protocol(request.task, request.protocol);
  if (!request.plots.empty()) std::filesystem::create_directories(request.plots);
  Report report = evaluate(request, protocol);
  report.task = config::name_of(request.task);
  report.protocol = protocol;
  return report;
}

}  // namespace glid
