// One function a family of tasks; evaluate_files picks.
#pragma once

#include "glid/eval/evaluate_files.h"

namespace glid {

Report evaluate_coco_files(const EvalRequest& request, std::string_view protocol);  // box, mask, keypoint
Report evaluate_panoptic_files(const EvalRequest& request, std::string_view protocol);
Report evaluate_semantic_files(const EvalRequest& request, std::string_view protocol);
Report evaluate_depth_files(const EvalRequest& request, std::string_view protocol);

}  // namespace glid
