// Everything for which a file of COCO's can't be learned from.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace glid {

// An image, category or annotation that can't be used.
struct CocoRecordError {
  std::string where;   // "FILE: annotation 17 (id 908)"
  std::string reason;  // "has a polygon with fewer than 6 numbers (got 4)"
};
struct CocoErrors {
  std::vector<CocoRecordError> records;
  std::string end;  // "FILE: .." of what else is wrong, behind which nothing was read; empty: nothing
};
// Of images, then categories, then annotations, where CocoIndex::open() would stop.
CocoErrors coco_errors(const std::filesystem::path& file);
// The same of read_panoptic_json(), in the file's order.
CocoErrors panoptic_errors(const std::filesystem::path& file);

}  // namespace glid
