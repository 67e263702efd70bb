// Small COCO files.
#pragma once

#include <string>

namespace glid {

// Three images, two categories (one with keypoints) and five annotations with every kind of segmentation.
inline const std::string kSmallTruth = R"({
  "info": {"description": "small"},
  "images": [
    {"id": 12, "file_name": "\u00fc\"12\".jpg", "height": 4, "width": 5, "license": 1},
    {"id": 139, "file_name": "139.jpg", "height": 3, "width": 2},
    {"id": 5, "file_name": "5.jpg", "height": 2, "width": 3.0}],
  "annotations": [
    {"id": 21, "image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2], "area": 4.0, "iscrowd": 0,
     "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3], [4, 0, 5, 0, 5, 1, 4, 1]]},
    {"segmentation": {"counts": [0, 2, 4], "size": [2, 3]}, "iscrowd": 1, "area": 1.2e3, "bbox": [0, 0, 1, 2],
     "category_id": 1, "image_id": 5, "id": 22},
    {"id": 23, "image_id": 139, "category_id": 1, "bbox": [0, 0, 1, 2], "area": 2, "iscrowd": 0, "num_keypoints": 1,
     "keypoints": [0.5, 1, 2, 0, 0, 0], "segmentation": {"size": [3, 2], "counts": "123"}},
    {"id": 24, "image_id": 12, "category_id": 90, "bbox": [0, 0, 1, 1], "area": 1, "iscrowd": 0, "segmentation": []},
    {"id": 25, "image_id": 139, "category_id": 90}],
  "categories": [
    {"id": 90, "name": "猫", "supercategory": "animal"},
    {"id": 1, "name": "person", "keypoints": ["nose", "tail"], "skeleton": [[1, 2]]}]
})";

}  // namespace glid
