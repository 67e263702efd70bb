// Files of predictions, anyone's, against files of annotations: what glid_eval does without a model (no LibTorch).
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "glid/core/cpus.h"
#include "glid/eval/file_settings.h"
#include "glid/eval/report.h"

namespace glid {

// The block `eval` of an evaluation of files.
struct FileEvalConfig {
  FileMetricSettings metric;
  int64_t threads = num_cpus();

  template <class V>
  void fields(V& v) {
    v.variant("metric", metric, "what the files hold; --task sets it");
    v("threads", threads, "threads that evaluate; the numbers don't depend on it", config::positive());
  }
};

struct EvalRequest {
  FileEvalConfig settings;
  std::filesystem::path results;          // a COCO result file, a panoptic JSON, or a folder of PNG or .npy files
  std::filesystem::path annotations;      // a COCO file, a panoptic JSON, or a folder of PNG or .npy files
  std::filesystem::path results_dir;      // panoptic: the folder of the PNGs; empty: beside the JSON, under its name
  std::filesystem::path annotations_dir;  // the same for the annotations
  std::filesystem::path plots;            // a folder for pictures; empty: none
  int64_t bootstrap = 0;                  // samples of the images for intervals
  std::vector<std::string>
      class_names;  // semantic: of the classes 0, 1, ..; empty: ADE20K's where there are as many, else numbers
};

// Throws UsageError for a setting that makes no sense, DataError (one line: file, record, value) for files that can't be
// evaluated. Calls found() before `plots` are drawn: what can't be drawn costs no numbers.
using OnReport = std::function<void(const Report& report)>;
Report evaluate_files(const EvalRequest& request, const OnReport& found = {});

}  // namespace glid
