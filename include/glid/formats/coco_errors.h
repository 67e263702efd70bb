// Everything for which a file of COCO's can't be learned from, and what else it holds.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/formats/coco_json.h"
#include "glid/formats/panoptic_json.h"

namespace glid {

// An image, category or annotation that can't be used.
struct CocoRecordError {
  std::string where;   // "FILE: annotation 17 (id 908)"
  std::string reason;  // "has a polygon with fewer than 6 numbers (got 4)"
};
struct CocoFileErrors {
  std::vector<CocoRecordError> records;
  std::string end;  // "FILE: .." of what else is wrong, behind which nothing was read; empty: nothing
};
template <class Content>
struct CocoErrors : CocoFileErrors {
  std::optional<Content> rest;  // without annotations that can't be used; none where there is an `end`
};
// Of images, then categories, then annotations, where CocoIndex::open() would stop.
CocoErrors<CocoIndex> coco_errors(const std::filesystem::path& file);
// The same of read_panoptic_json(), in the file's order.
CocoErrors<PanopticJson> panoptic_errors(const std::filesystem::path& file);

}  // namespace glid
