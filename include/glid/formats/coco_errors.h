// Everything for which a file of COCO's can't be learned from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/formats/coco_json.h"

namespace glid {

struct CocoErrors {
  std::vector<CocoRecordError> records;
  std::string end;  // "FILE: .." of what else is wrong, behind which nothing was read; empty: nothing
};
// Of images, then categories, then annotations, where CocoIndex::open() would stop.
CocoErrors coco_errors(const std::filesystem::path& file);
// The same of read_panoptic_json(), in the file's order.
CocoErrors panoptic_errors(const std::filesystem::path& file);

}  // namespace glid
