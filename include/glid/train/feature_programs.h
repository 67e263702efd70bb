// The bodies of glid_features and glid_probe: from a command line to features and what they tell (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"

namespace glid {

// Whose features, and of what kind: the options that both programs share.
struct FeatureArguments {
  std::filesystem::path encoder;     // weights of any form and dialect; or
  std::filesystem::path checkpoint;  // a run (its newest checkpoint) or a checkpoint folder
  std::string model;                 // the size that the encoder must have; empty: any
  bool strict = false;
  std::optional<int64_t> size_px;  // none: the run's image size, or 224 of an encoder alone
  std::string transform = "eval", pool = "none";
  std::vector<int64_t> stages;  // empty: the program's own, which is not given with [CLS]
  int64_t batch = 8;
  int64_t max_bad_files = 100;
  std::optional<int64_t> threads;
};

struct FeaturesArguments {
  FeatureArguments features;
  std::filesystem::path input, output;
  std::string type = "fp32";
  std::filesystem::path neighbours;  // a picture of which images are alike; empty: none
};

struct ProbeArguments {
  FeatureArguments features{.pool = "mean"};
  std::filesystem::path data;
  int64_t neighbours = 20;
  bool linear = false, random = true;
  std::filesystem::path json;  // empty: none
};

// Throw UsageError and DataError, before the work where that can be.
ExitCode write_features(const FeaturesArguments& arguments);
ExitCode run_probe(const ProbeArguments& arguments);

}  // namespace glid
