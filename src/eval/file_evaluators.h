// One function a task; evaluate_files picks, fills in the names of task and protocol, and draws.
#pragma once

#include <functional>

#include "glid/eval/evaluate_files.h"

namespace glid {

struct FileEvaluation {
  Report report;
  // Into a folder that exists; holds all that it needs.
  std::function<void(const Report& report, const std::filesystem::path& folder)> draw;
};

FileEvaluation evaluate_task(const BoxSettings& settings, const EvalRequest& request);
FileEvaluation evaluate_task(const MaskSettings& settings, const EvalRequest& request);
FileEvaluation evaluate_task(const KeypointSettings& settings, const EvalRequest& request);
FileEvaluation evaluate_task(const PanopticFileSettings& settings, const EvalRequest& request);
FileEvaluation evaluate_task(const SemanticFileSettings& settings, const EvalRequest& request);
FileEvaluation evaluate_task(const DepthFileSettings& settings, const EvalRequest& request);

// Of what was measured, where it is asked for.
std::optional<Bootstrap> bootstrap_of(const Metric& metric, const EvalRequest& request, const ImageNames& names = {});
// Of images that are told apart by their names.
std::string image_hash_of(const Metric& metric);

}  // namespace glid
