// The boxes of a list of results in COCO's format, without a ground truth.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "glid/formats/coco_json.h"

namespace glid {

struct ResultBox {
  CocoImageId image_id;
  int64_t category_id = 0;
  BoxXywh box;       // as given, perhaps empty
  double score = 0;  // finite
};

// Calls `each` with {image_id, category_id, bbox, score} of every record, in the file's order; other members aren't looked
// at, and no more than one record is held. Throws DataError naming file and record for what is no such list.
void for_each_result_box(const std::filesystem::path& file, const std::function<void(const ResultBox&)>& each);

}  // namespace glid
