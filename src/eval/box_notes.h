// What boxes of result files and of their truths look like, taken together.
#pragma once

#include <string>
#include <vector>

#include "glid/formats/coco_json.h"
#include "glid/formats/coco_results.h"

namespace glid {

// One note for each of the two whose boxes are probably not [x, y, width, height] in pixels.
std::vector<std::string> box_notes(const CocoIndex& truth, const CocoResults& results);

}  // namespace glid
