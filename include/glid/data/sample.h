// One image with what is known about it (no LibTorch).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glid/formats/image.h"
#include "glid/geometry/box.h"
#include "glid/geometry/rle.h"

namespace glid {

// Names every random decision about a sample: crop, flip and mask are functions of it and of nothing else.
struct SampleKey {
  uint64_t seed = 0;
  int64_t epoch = 0;
  int64_t id = 0;  // in the dataset
  bool operator==(const SampleKey&) const = default;
};

// COCO's `v`.
enum class Visibility : uint8_t {
  kUnlabelled,  // nobody looked, or the point is outside of the image
  kHidden,      // covered by something
  kVisible,
};

// A point in pixels: pixel (row 0, column 0) covers [0, 1) x [0, 1).
struct Keypoint {
  double x = 0, y = 0;
  Visibility visibility = Visibility::kUnlabelled;
  bool operator==(const Keypoint&) const = default;
};

struct Instance {
  int64_t id = 0;        // in its file, or counted from 1 where that has none
  int64_t category = 0;  // index into Vocabulary::objects
  Box box;               // as annotated; the tight box of the mask where there is only that
  Rle mask;              // of the image's size; without runs where there is none
  double area = 0;       // as annotated, in pixels; that of the mask, else of the box, where the file has none
  bool is_crowd = false;
  bool is_difficult = false;        // Pascal VOC's: not counted when detectors are compared
  std::vector<Keypoint> keypoints;  // in the order of Vocabulary::joints
};

// The value of Targets::semantic that stands for "no class".
inline constexpr uint16_t kIgnoreLabel = 255;

// A part of a panoptic division: a thing, or all of a class of stuff.
struct SegmentInfo {
  uint32_t id = 0;       // in the map of the image's segments, from 1
  int64_t category = 0;  // index into Vocabulary::segments
  bool is_crowd = false;
  bool operator==(const SegmentInfo&) const = default;
};

// Every pixel belongs to one segment or to none.
struct Panoptic {
  std::vector<uint32_t> ids;  // [height][width], 0: no segment (VOID)
  std::vector<SegmentInfo> segments;
};

// One person of an image, whom a sample is about: their image's samples share its pixels and instances.
struct Person {
  int64_t image = 0;                // the same of all samples of an image, and of no other's
  int64_t of_image = 1;             // how many samples that image has
  Box box;                          // to look in
  std::optional<double> score;      // of the box; none: no box is known, the image stands here to be counted
  std::optional<int64_t> instance;  // index into Targets::instances; none: nobody knows whom the box is about
  bool operator==(const Person&) const = default;
};

// What a dataset knows about an image, in that image's pixels; the rest is empty.
struct Targets {
  std::optional<int64_t> label;     // class of the image
  std::vector<Instance> instances;  // in the file's order; scenes: far to near
  std::vector<uint16_t> semantic;   // [height][width] indices into Vocabulary::labels, or kIgnoreLabel
  Panoptic panoptic;
  std::vector<float> depth;      // [height][width] metres; 0 where nothing was measured
  std::optional<Person> person;  // of sets whose samples are persons
};

struct Sample {
  int64_t id = 0;
  std::string name;  // a path, or what else a person can find it by
  Image image;
  Targets targets;
};

}  // namespace glid
