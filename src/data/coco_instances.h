// What an annotation of a CocoIndex is as an Instance, and what is wrong with it.
#pragma once

#include <string>

#include "glid/data/dataset.h"
#include "glid/data/inspection.h"
#include "glid/formats/coco_json.h"

namespace glid {

// Its category is the index into the file's. Throws DataError when its mask can't be used.
Instance coco_instance(const CocoIndex& index, uint32_t annotation);

// "FILE: annotation 17 (id 908) of IMAGE"
std::string coco_record(const CocoIndex& index, uint32_t annotation);

// Box, mask and keypoints of an annotation in an image of this size. A missing mask is a finding where others have one.
void check_coco_annotation(const CocoIndex& index, uint32_t annotation, const SizePx& image, bool others_have_masks,
                           Inspection& inspection);

// Categories of persons that a pose can't be learned from: without names of joints, or of objects with other numbers of
// joints.
void check_joints(const CocoIndex& index, Inspection& inspection);

}  // namespace glid
