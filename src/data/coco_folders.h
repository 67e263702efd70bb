// Where COCO keeps a split: its own names, which end in 2017, are preferred; they may go without.
#pragma once

#include <filesystem>

#include "glid/data/coco.h"

namespace glid {

bool has_coco_annotations(const std::filesystem::path& root, Split split, CocoFile which);
// Throws DataError when it isn't there.
std::filesystem::path coco_annotations(const std::filesystem::path& root, Split split, CocoFile which);
std::filesystem::path coco_images(const std::filesystem::path& root, Split split);

}  // namespace glid
