// Confusion matrix of detections: what is taken for what, what is missed and what is made up.
#pragma once

#include <cstdint>
#include <vector>

#include "glid/metrics/average_precision.h"

namespace glid {

// Those of ultralytics' validation, so that matrices can be laid side by side. Both must be exceeded.
struct ConfusionThresholds {
  double score = 0.25;
  double similarity = 0.45;
};

// One object a thread; merge them at the end. Class num_classes() is the background.
class DetectionConfusion {
 public:
  explicit DetectionConfusion(int64_t num_classes, ConfusionThresholds thresholds = {});

  // Pairs detections and truths one to one by falling similarity, of whatever classes. A truth without a partner counts as
  // predicted to be background, a detection without one as background that was predicted to be its class; ignored truths and
  // what lies in a crowd don't count.
  void add(const ApImage& image);
  void merge(const DetectionConfusion& other);

  int64_t num_classes() const { return num_classes_; }
  const ConfusionThresholds& thresholds() const { return thresholds_; }
  // Objects of class `truth` that were taken for `predicted`.
  int64_t at(int64_t truth, int64_t predicted) const { return counts_[index(truth, predicted)]; }

 private:
  size_t index(int64_t truth, int64_t predicted) const {
    return static_cast<size_t>(truth * (num_classes_ + 1) + predicted);
  }

  int64_t num_classes_;
  ConfusionThresholds thresholds_;
  std::vector<int64_t> counts_;  // [K + 1][K + 1]
};

}  // namespace glid
