// The body of glid_predict: from a checkpoint and images to what the model says of them (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/viz/prediction_picture.h"

namespace glid {

struct PredictArguments {
  std::filesystem::path checkpoint;    // a run or a checkpoint folder
  std::string which;                   // best, last or a step of the run; empty: the best, where one is known
  std::filesystem::path config;        // in the place of the checkpoint's
  std::vector<std::string> overrides;  // "a.b=v"
  std::filesystem::path input;         // as list_images() takes it
  std::filesystem::path annotations;   // a COCO file whose ids the images have; empty: their own
  std::filesystem::path out;           // a folder that is not there, or empty
  std::string format = "json";         // or official
  std::optional<double> score;         // of detections that are drawn; none: kUsualScore
  int64_t batch = 0;                   // images a batch; 0: as many as in a micro-batch of the run
  bool pictures = true;
  bool depth_png = false;                 // of the official format
  std::filesystem::path boxes, detector;  // of pose: COCO results, or a run that finds persons
  std::string attention;                  // a query's number, or top: where it looks is drawn; empty: nothing
  std::optional<double> box_score;        // of the boxes that persons are looked for in; none: kUsualScore
};

// Batches, and so predictions, are glid_eval's of the same images. Images that can't be read are named in the log, counted
// and left out. `out` is there when all of it is written. Throws UsageError, and DataError also when no image can be read.
ExitCode predict_images(const PredictArguments& arguments);

}  // namespace glid
