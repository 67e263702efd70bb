// COCO's panoptic JSON, written: divisions of any data set as records of its files (no LibTorch).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "glid/data/coco_records.h"
#include "glid/data/dataset.h"
#include "glid/formats/panoptic_json.h"

namespace glid {

// Ascending by id, as files are read: sums are then the same to the bit.
std::vector<PanopticCategory> panoptic_categories(const Vocabulary& vocabulary);
// With the pixels of each as its area, categories by the data set's ids.
std::vector<PanopticSegment> panoptic_segments(const Panoptic& panoptic, const std::vector<Vocabulary::Class>& classes);

// JSON texts: an image with its only annotation, whose PNG is called `png`.
CocoPart panoptic_part(const CocoPicture& picture, const std::string& png, const Panoptic& panoptic,
                       const std::vector<Vocabulary::Class>& classes);
// A truth of those; a prediction has no images.
std::string panoptic_file(const std::vector<CocoPart>& parts, const Vocabulary& vocabulary);
std::string panoptic_file(std::span<const std::string> annotations, const Vocabulary& vocabulary);

}  // namespace glid
