// Predictions as files of the official formats, with the truth of the same images beside them: what glid_eval's --results
// and --annotations take, to the same numbers (no LibTorch).
//
//   FOLDER/box.json, mask.json, keypoint.json    COCO result lists              FOLDER/truth/box.json, ...
//   FOLDER/panoptic.json, panoptic/ID.png        COCO panoptic                  FOLDER/truth/panoptic.json, ...
//   FOLDER/semantic/ID.png                       labels from 0 to classes - 1   FOLDER/truth/semantic/ID.png
//   FOLDER/depth/ID.npy                          metres                         FOLDER/truth/depth/ID.npy
//
// Ids of images and classes are those of the data set's files. Several tasks' lie side by side.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/eval/evaluate_files.h"
#include "glid/eval/measure.h"
#include "glid/metrics/metric_settings.h"

namespace glid {

struct ResultFormat {
  bool depth_png = false;  // millimetres in 16 bits instead of .npy: rounded
  bool truth = true;       // the folder truth/ too
};

// One object a rank; all write into one folder.
class ResultFiles {
 public:
  virtual ~ResultFiles() = default;
  // Writes the sample's maps and keeps its records, boxes and masks in a hidden file of the folder until finish().
  virtual void add(const PredictedSample& sample) = 0;
  // What this rank keeps, for the rank that writes the files which all images share.
  virtual std::string records() { return {}; }
  // On that rank, with the records of all, its own too.
  virtual void finish(const std::vector<std::string>& /*records*/) {}
};

// Whether there are files that a metric is measured by: not for loss and accuracy.
bool has_result_files(const MetricSettings& settings);

// Of each of its parts. The folder is there; its files are not synced: an AtomicFolder's are.
std::vector<std::unique_ptr<ResultFiles>> make_result_files(const MetricSettings& settings, const AnnotatedDataset& dataset,
                                                            const std::filesystem::path& folder, const ResultFormat& format);

// What scores the files by the same rules, part by part. Throws UsageError for a metric without files.
std::vector<EvalRequest> scoring_requests(const MetricSettings& settings, const Vocabulary& vocabulary,
                                          const std::filesystem::path& folder);
// The options of glid_eval that say it, and as one line for a shell.
std::vector<std::string> options_of(const EvalRequest& request);
std::string command_line(const EvalRequest& request);

}  // namespace glid
