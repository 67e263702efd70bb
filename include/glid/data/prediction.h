// What a model says about an image: the counterpart of Targets (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "glid/data/sample.h"

namespace glid {

struct ScoredKeypoint {
  double x = 0, y = 0, score = 0;
};

struct Detection {
  int64_t category = 0;  // index into Vocabulary::objects
  double score = 0;
  Box box;
  Rle mask;                               // of the original's size; without runs where there is none
  std::vector<ScoredKeypoint> keypoints;  // in the order of Vocabulary::joints
  std::optional<int64_t> query;           // of the decoder's, that found it; nothing where that can't be said
};

// In the pixels of the original, as large as it is; what the task doesn't tell is empty. Classes are indices into the
// vocabulary, as in Targets.
struct Prediction {
  int64_t height = 0, width = 0;
  std::vector<double> label_scores;   // of each of Vocabulary::images
  std::vector<Detection> detections;  // metrics take equal scores in this order
  std::vector<uint16_t> semantic;     // [height][width]
  Panoptic panoptic;
  std::vector<double> depth;  // [height][width] metres
};

}  // namespace glid
