// Samples of a dataset with their annotations, on one sheet.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/formats/image.h"
#include "glid/viz/class_colors.h"

namespace glid {

// What is known about a sample, as pictures with a line of text below.
struct SamplePicture {
  Image image;
  std::string caption;
};

struct SamplePictures {
  std::vector<SamplePicture> pictures;
  std::vector<NamedColor> classes;  // that are in them, each once
};

// The image with masks, boxes, names and joints (equal ones once, with their names below each other), then its semantic
// classes, its segments (with a line around each) and its depth with a scale in metres, where it has them. Classes have the
// colours of ClassColors. The longer side of each is `side_px`; the depth's scale stands at its right. `notes`, if there are
// any, stand behind the names of the instances, in their order.
SamplePictures draw_sample(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px,
                           std::span<const std::string> notes = {});

struct SheetOptions {
  int64_t count = 16;  // samples, at most those there are
  uint64_t seed = 0;   // of their choice
  int64_t side_px = 320;
};

// The pictures with the samples' names below and a legend of the classes that are in them. Throws std::invalid_argument
// unless count and side are positive. A sample that can't be read leaves a grey cell and a warning.
Image contact_sheet(const AnnotatedDataset& dataset, const SheetOptions& options);

}  // namespace glid
