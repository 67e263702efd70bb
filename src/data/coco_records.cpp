#include "glid/data/coco_records.h"

#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/formats/coco_json.h"
#include "glid/geometry/box.h"
#include "glid/geometry/rle.h"

namespace glid {
namespace {

// Three numbers for each of the category's joints, as the format has it: 0 where the instance has none.
void add_joints(const Instance& instance, size_t num_joints, Json& annotation) {
  Json::Array numbers;
  int64_t num_labelled = 0;
  for (const Keypoint& point : instance.keypoints) {
    numbers.insert(numbers.end(),
                   {point.x - kCocoJointOffset, point.y - kCocoJointOffset, static_cast<int64_t>(point.visibility)});
    num_labelled += point.visibility != Visibility::kUnlabelled;
  }
  numbers.resize(3 * num_joints, Json(0));
  annotation.set("keypoints", std::move(numbers)).set("num_keypoints", num_labelled);
}

Json annotation_of(const Instance& instance, const Json& image_id, const CocoClass& category) {
  const BoxXywh box = to_xywh(instance.box);
  const int is_crowd = instance.is_crowd || instance.is_difficult ? 1 : 0;
  Json json = Json::object();
  json.set("image_id", image_id).set("category_id", category.id).set("iscrowd", is_crowd).set("area", instance.area);
  json.set("bbox", Json::Array{box.x, box.y, box.width, box.height}).set("segmentation", segmentation_of(instance.mask));
  if (!category.joints.empty()) add_joints(instance, category.joints.size(), json);
  return json;
}

Json image_of(const CocoPicture& picture) {
  Json json = Json::object();
  json.set("id", json_of(picture.id)).set("file_name", picture.file_name);
  return json.set("height", picture.height).set("width", picture.width);
}

Json category_of(const CocoClass& category) {
  Json json = Json::object();
  json.set("id", category.id).set("name", category.name);
  if (category.joints.empty()) return json;
  Json::Array limbs;
  for (const auto& [from, to] : category.limbs) limbs.push_back(Json::Array{from + 1, to + 1});
  return json.set("keypoints", Json::Array(category.joints.begin(), category.joints.end()))
      .set("skeleton", std::move(limbs));
}

}  // namespace

Json segmentation_of(const Rle& mask) {
  if (mask.counts.empty()) return Json::Array{};
  return Json::object().set("size", Json::Array{mask.height, mask.width}).set("counts", rle_to_string(mask));
}

Json json_of(const ImageId& id) {
  return std::visit([](const auto& value) { return Json(value); }, id);
}

CocoPart coco_part(const CocoPicture& picture, std::span<const Instance> instances, const std::vector<CocoClass>& classes) {
  CocoPart part{image_of(picture).dump(), {}};
  for (const Instance& instance : instances)
    part.annotations.push_back(
        annotation_of(instance, json_of(picture.id), classes.at(static_cast<size_t>(instance.category))).dump());
  return part;
}

std::string coco_file(const std::vector<CocoPart>& parts, const std::vector<CocoClass>& classes) {
  std::vector<std::string> images, annotations, categories;
  for (const CocoPart& part : parts) {
    images.push_back(part.image);
    for (const std::string& record : part.annotations)
      annotations.push_back(format("{},\"id\":{}}}", record.substr(0, record.size() - 1), annotations.size() + 1));
  }
  for (const CocoClass& category : classes) categories.push_back(category_of(category).dump());
  return "{\"images\":" + json_list(images) + ",\"annotations\":" + json_list(annotations) +
         ",\"categories\":" + json_list(categories) + "}\n";
}

std::string json_list(std::span<const std::string> records) { return format("[{}]", join(records, ",\n")); }

}  // namespace glid
