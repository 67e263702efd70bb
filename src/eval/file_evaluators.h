// One function a task; evaluate_files picks and fills in the names of task and protocol.
#pragma once

#include "glid/eval/evaluate_files.h"

namespace glid {

[[noreturn]] Report evaluate_task(const LossSettings& settings, const EvalRequest& request);  // UsageError
Report evaluate_task(const BoxSettings& settings, const EvalRequest& request);
Report evaluate_task(const MaskSettings& settings, const EvalRequest& request);
Report evaluate_task(const KeypointSettings& settings, const EvalRequest& request);
Report evaluate_task(const PanopticSettings& settings, const EvalRequest& request);
Report evaluate_task(const SemanticSettings& settings, const EvalRequest& request);
Report evaluate_task(const DepthSettings& settings, const EvalRequest& request);

}  // namespace glid
