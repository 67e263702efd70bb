// Scenes as records of COCO's JSON format.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "glid/core/json.h"
#include "glid/data/sample.h"

namespace glid {

struct CocoClass {
  int64_t id = 0;
  std::string name;
  std::vector<std::string> joints;
};
std::vector<CocoClass> scene_categories();  // ids from 1
std::vector<CocoClass> joint_categories();  // one, with the joints of scenes

// One image's part of a file; the annotations' ids are added by coco_file().
struct CocoScene {
  Json image;
  std::vector<Json> annotations;
};

// Names an image in its records.
struct CocoRecords {
  Json image_id;
  std::string file_name;

  // Boxes, and masks as compressed runs; the category of the class c is categories[c].
  CocoScene instances(const Sample& scene, const std::vector<CocoClass>& categories) const;
  // The same with joints, all of the one category of joint_categories().
  CocoScene keypoints(const Sample& scene) const;
};

std::string coco_file(const std::vector<CocoScene>& scenes, const std::vector<CocoClass>& categories);

// Writes without waiting for the disk: AtomicFolder does. Throws Error (kInternal).
void put_file(const std::filesystem::path& file, std::string_view bytes);

}  // namespace glid
