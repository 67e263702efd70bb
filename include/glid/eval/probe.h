// What the features of a model tell about classes that it was not taught: nearest neighbours and a linear probe on images in
// folders of classes, beside what features of random weights and no features at all give.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/core/json.h"
#include "glid/eval/feature_net.h"
#include "glid/eval/knn.h"
#include "glid/eval/linear_probe.h"

namespace glid {

struct ProbeConfig {
  KnnConfig knn;
  bool linear = false;
  bool random = true;  // features of random weights too
};

// Fractions of the validation images whose class is the first, or one of the first five, of them all; without the second
// where there are five classes or fewer.
struct TopAccuracy {
  double top1 = 0;
  std::optional<double> top5;
};

// What features give.
struct ProbeResult {
  TopAccuracy knn;
  std::optional<TopAccuracy> linear;
  std::optional<ChosenPenalty> penalty;  // of the linear probe
};

struct ProbeReport {
  int64_t train_images = 0, val_images = 0, bad_files = 0;
  int64_t num_classes = 0, dimensions = 0;
  KnnConfig knn;
  ProbeResult model;
  std::optional<ProbeResult> random;
  TopAccuracy blind;  // the most frequent classes of the training images, whatever the image
};

// Images below `root` in ImageNet's layout (image_folder.h). The net's features lie end to end. Throws UsageError for more
// neighbours than training images, and DataError for a root of another layout, fewer than two classes, a class without
// training images, validation images without classes, and files as for_each_batch() does.
ProbeReport probe(const FeatureNet& net, const FeatureOptions& options, const std::filesystem::path& root,
                  const ProbeConfig& config);

// From features alone: what probe() computes of them.
ProbeResult probe_features(const LabelledFeatures& known, const LabelledFeatures& asked, const ProbeConfig& config);

// For the terminal, and for programs.
std::string probe_table(const ProbeReport& report);
Json probe_json(const ProbeReport& report);

}  // namespace glid
