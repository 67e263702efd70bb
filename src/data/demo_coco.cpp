#include "demo_coco.h"

#include <algorithm>
#include <fstream>

#include "glid/core/error.h"
#include "glid/data/scenes.h"
#include "glid/formats/coco_json.h"
#include "glid/geometry/box.h"
#include "glid/geometry/rle.h"

namespace glid {
namespace {

Json annotation_of(const Instance& instance, const Json& image_id, int64_t category_id) {
  const BoxXywh box = to_xywh(instance.box);
  Json segmentation = Json::object();
  segmentation.set("size", Json::Array{instance.mask.height, instance.mask.width});
  segmentation.set("counts", rle_to_string(instance.mask));
  Json json = Json::object();
  json.set("image_id", image_id).set("category_id", category_id).set("iscrowd", 0).set("area", instance.area);
  json.set("bbox", Json::Array{box.x, box.y, box.width, box.height}).set("segmentation", std::move(segmentation));
  return json;
}

Json image_of(const Sample& scene, const CocoRecords& records) {
  Json json = Json::object();
  json.set("id", records.image_id).set("file_name", records.file_name);
  json.set("height", scene.image.height).set("width", scene.image.width);
  return json;
}

Json category_of(const CocoClass& category) {
  Json json = Json::object();
  json.set("id", category.id).set("name", category.name);
  if (category.joints.empty()) return json;
  Json::Array limbs;
  for (int64_t joint = 2; joint <= std::ssize(category.joints); ++joint) limbs.push_back(Json::Array{int64_t{1}, joint});
  json.set("keypoints", Json::Array(category.joints.begin(), category.joints.end())).set("skeleton", std::move(limbs));
  return json;
}

}  // namespace

std::vector<CocoClass> scene_categories() {
  std::vector<CocoClass> categories;
  for (const char* name : kSceneClasses) categories.push_back({std::ssize(categories) + 1, name, {}});
  return categories;
}

std::vector<CocoClass> joint_categories() { return {{1, "object", {kSceneJoints.begin(), kSceneJoints.end()}}}; }

CocoScene CocoRecords::instances(const Sample& scene, const std::vector<CocoClass>& categories) const {
  CocoScene records{image_of(scene, *this), {}};
  for (const Instance& instance : scene.targets.instances)
    records.annotations.push_back(
        annotation_of(instance, image_id, categories.at(static_cast<size_t>(instance.category)).id));
  return records;
}

CocoScene CocoRecords::keypoints(const Sample& scene) const {
  CocoScene records{image_of(scene, *this), {}};
  for (const Instance& instance : scene.targets.instances) {
    Json annotation = annotation_of(instance, image_id, 1);
    Json::Array numbers;
    int64_t num_labelled = 0;
    for (const Keypoint& point : instance.keypoints) {
      numbers.insert(numbers.end(),
                     {point.x - kCocoJointOffset, point.y - kCocoJointOffset, static_cast<int64_t>(point.visibility)});
      num_labelled += point.visibility != Visibility::kUnlabelled;
    }
    annotation.set("keypoints", std::move(numbers)).set("num_keypoints", num_labelled);
    records.annotations.push_back(std::move(annotation));
  }
  return records;
}

std::string coco_file(const std::vector<CocoScene>& scenes, const std::vector<CocoClass>& categories) {
  Json::Array images, annotations, classes;
  for (const CocoScene& scene : scenes) {
    images.push_back(scene.image);
    for (Json annotation : scene.annotations) {
      annotation.set("id", std::ssize(annotations) + 1);
      annotations.push_back(std::move(annotation));
    }
  }
  for (const CocoClass& category : categories) classes.push_back(category_of(category));
  Json json = Json::object();
  json.set("images", std::move(images)).set("annotations", std::move(annotations)).set("categories", std::move(classes));
  return json.dump() + "\n";
}

void put_file(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) throw Error(ExitCode::kInternal, file.string(), "can't be written");
}

}  // namespace glid
