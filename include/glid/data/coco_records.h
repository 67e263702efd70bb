// COCO's JSON format, written: truths of any data set as records of its files (no LibTorch).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "glid/core/json.h"
#include "glid/data/dataset.h"

namespace glid {

struct CocoClass {
  int64_t id = 0;
  std::string name;
  std::vector<std::string> joints;      // of all objects of the class; none: they have no keypoints
  std::vector<Vocabulary::Limb> limbs;  // indices into joints
};

struct CocoPicture {
  ImageId id;
  std::string file_name;
  int64_t height = 0, width = 0;
};

// One image's part of a file, as JSON texts; coco_file() gives the annotations their ids.
struct CocoPart {
  std::string image;
  std::vector<std::string> annotations;
};

// Boxes, areas, masks as compressed runs ([] where there is none), joints where the class has some; the class of an instance
// is classes[category]. What Pascal VOC calls difficult is written as a crowd: neither is missed or found.
CocoPart coco_part(const CocoPicture& picture, std::span<const Instance> instances, const std::vector<CocoClass>& classes);

std::string coco_file(const std::vector<CocoPart>& parts, const std::vector<CocoClass>& classes);

// JSON texts as a list, one a line.
std::string json_list(std::span<const std::string> records);

// A mask as compressed runs; [] where there is none.
Json segmentation_of(const Rle& mask);

// What names an image in JSON.
Json json_of(const ImageId& id);

}  // namespace glid
