// Samples of a dataset with their annotations, on one sheet.
#pragma once

#include <cstdint>
#include <vector>

#include "glid/data/dataset.h"
#include "glid/formats/image.h"

namespace glid {

// What is known about a sample as pictures whose longer side is `side_px`: the image with masks, boxes, names and
// joints, then its semantic classes, its segments and its depth where it has them.
std::vector<Image> draw_sample(const Sample& sample, const Vocabulary& vocabulary, int64_t side_px);

struct SheetOptions {
  int64_t count = 16;  // samples, at most those there are
  uint64_t seed = 0;   // of their choice
  int64_t side_px = 320;
};

// Throws std::invalid_argument unless count and side are positive. A sample that can't be read leaves a grey cell and a
// warning.
Image contact_sheet(const AnnotatedDataset& dataset, const SheetOptions& options);

}  // namespace glid
