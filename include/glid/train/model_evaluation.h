// The body of glid_eval --checkpoint: from a checkpoint to a report (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/error.h"

namespace glid {

struct ModelEvalArguments {
  std::filesystem::path checkpoint;    // a run or a checkpoint folder
  std::string which;                   // best, last or a step of the run; empty: the best, where one is known
  std::filesystem::path config;        // in the place of the checkpoint's
  std::vector<std::string> overrides;  // "a.b=v"
  std::string split, protocol;         // empty: the configuration's
  int64_t batch = 0;                   // images a batch; 0: as many as in a micro-batch of the run
  bool other_classes = false;          // the data may name its classes otherwise
  std::filesystem::path out;           // folder for results and truths; empty: none
  bool depth_png = false;
  std::filesystem::path json, csv, plots;
  int64_t bootstrap = 0;  // samples of the images for intervals; 0: none
  std::string per_class;  // data, name or value; empty: no table of classes
};

// All ranks call it with the same arguments. Task, model and data are the configuration's; the numbers are the same to the
// bit for any number of ranks. Throws UsageError and DataError.
ExitCode evaluate_checkpoint(const ModelEvalArguments& arguments);

}  // namespace glid
