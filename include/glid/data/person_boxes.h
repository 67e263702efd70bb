// Where persons are, as a detector says it of images that have no annotations (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "glid/data/dataset.h"

namespace glid {

// Which boxes count.
struct PersonBoxChoice {
  int64_t category_id = 1;
  double min_score = 0;
};

// Of a list of COCO results {image_id, category_id, bbox, score}, in the file's order; ids of images are equal as texts (139
// and "139"). Boxes of other images or categories and empty ones are left out, as the log says. Throws DataError naming file and
// record for what is no such list, and where no record is about one of the images or none of these of the category.
std::vector<Person> read_persons(const std::filesystem::path& file, const AnnotatedDataset& images,
                                 const PersonBoxChoice& choice);

}  // namespace glid
