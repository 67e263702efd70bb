// One image with what is known about it (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glid/formats/image.h"
#include "glid/geometry/box.h"

namespace glid {

// Names every random decision about a sample: crop, flip and mask are functions of it and of nothing else.
struct SampleKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t id = 0;  // in the dataset
  bool operator==(const SampleKey&) const = default;
};

// A point in pixels: pixel (row 0, column 0) covers [0, 1) x [0, 1).
struct Keypoint {
  double x = 0, y = 0;
  bool visible = false;  // inside the image and not covered by another object
};

struct Instance {
  int64_t category = 0;
  Box box;                          // the tight box of the mask
  std::vector<uint8_t> mask;        // [height][width], 1 where the instance is seen
  std::vector<Keypoint> keypoints;  // in an order that all instances share
};

// What a dataset knows about an image, in that image's pixels; the rest is empty.
struct Targets {
  std::optional<int64_t> label;     // class of the image
  std::vector<Instance> instances;  // far to near
  std::vector<float> depth;         // [height][width] metres
};

struct Sample {
  int64_t id = 0;
  std::string name;  // a path, or what else a person can find it by
  Image image;
  Targets targets;
};

}  // namespace glid
