// Files of predictions, anyone's, against files of annotations: what glid_eval does without a model (no LibTorch).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/eval/eval_settings.h"
#include "glid/eval/report.h"

namespace glid {

enum class EvalTask { kBox, kMask, kKeypoint, kPanoptic, kSemantic, kDepth };
constexpr auto enum_names(EvalTask) {
  return std::to_array<config::Named<EvalTask>>({{EvalTask::kBox, "box"},
                                                 {EvalTask::kMask, "mask"},
                                                 {EvalTask::kKeypoint, "keypoint"},
                                                 {EvalTask::kPanoptic, "panoptic"},
                                                 {EvalTask::kSemantic, "semantic"},
                                                 {EvalTask::kDepth, "depth"}});
}

struct EvalRequest {
  EvalTask task = EvalTask::kBox;
  std::filesystem::path results;          // a COCO result file, a panoptic JSON, or a folder of PNG or .npy files
  std::filesystem::path annotations;      // a COCO file, a panoptic JSON, or a folder of PNG or .npy files
  std::filesystem::path results_dir;      // panoptic: the folder of the PNGs; empty: beside the JSON, under its name
  std::filesystem::path annotations_dir;  // the same for the annotations
  std::string protocol;                   // empty: the task's first
  std::filesystem::path plots;            // a folder for pictures; empty: none
  EvalSettings config;
};

// The protocols of a task, its default first.
std::vector<std::string_view> protocols_of(EvalTask task);

// Throws UsageError for a protocol or setting that the task doesn't know, DataError (one line: file, record, value) for
// files that can't be evaluated.
Report evaluate_files(const EvalRequest& request);

}  // namespace glid
