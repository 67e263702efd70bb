#include "glid/data/panoptic_records.h"

#include <algorithm>
#include <unordered_map>

namespace glid {
namespace {

Json annotation_of(const ImageId& id, const std::string& png, const std::vector<PanopticSegment>& segments) {
  Json::Array records;
  for (const PanopticSegment& segment : segments)
    records.push_back(Json::object()
                          .set("id", segment.id)
                          .set("category_id", segment.category_id)
                          .set("iscrowd", segment.is_crowd ? 1 : 0)
                          .set("area", static_cast<int64_t>(*segment.area)));
  Json json = Json::object();
  json.set("image_id", json_of(id));
  return json.set("file_name", png).set("segments_info", std::move(records));
}

std::string categories_text(const Vocabulary& vocabulary) {
  Json::Array all;
  for (const PanopticCategory& category : panoptic_categories(vocabulary))
    all.push_back(
        Json::object().set("id", category.id).set("name", category.name).set("isthing", category.is_thing ? 1 : 0));
  return Json(std::move(all)).dump();
}

}  // namespace

std::vector<PanopticCategory> panoptic_categories(const Vocabulary& vocabulary) {
  std::vector<PanopticCategory> categories;
  for (size_t i = 0; i < vocabulary.segments.size(); ++i)
    categories.push_back({vocabulary.segments[i].id, vocabulary.segments[i].name, vocabulary.is_thing[i]});
  std::ranges::sort(categories, {}, &PanopticCategory::id);
  return categories;
}

std::vector<PanopticSegment> panoptic_segments(const Panoptic& panoptic, const std::vector<Vocabulary::Class>& classes) {
  std::unordered_map<uint32_t, int64_t> pixels;
  for (const uint32_t id : panoptic.ids) ++pixels[id];
  std::vector<PanopticSegment> segments;
  for (const SegmentInfo& segment : panoptic.segments)
    segments.push_back({.id = segment.id,
                        .category_id = classes.at(static_cast<size_t>(segment.category)).id,
                        .is_crowd = segment.is_crowd,
                        .area = static_cast<double>(pixels[segment.id])});
  return segments;
}

CocoPart panoptic_part(const CocoPicture& picture, const std::string& png, const Panoptic& panoptic,
                       const std::vector<Vocabulary::Class>& classes) {
  CocoPart part = coco_part(picture, {}, {});
  part.annotations.push_back(annotation_of(picture.id, png, panoptic_segments(panoptic, classes)).dump());
  return part;
}

std::string panoptic_file(const std::vector<CocoPart>& parts, const Vocabulary& vocabulary) {
  std::vector<std::string> images, annotations;
  for (const CocoPart& part : parts) {
    images.push_back(part.image);
    annotations.push_back(part.annotations.at(0));
  }
  return "{\"images\":" + json_list(images) + ",\"annotations\":" + json_list(annotations) +
         ",\"categories\":" + categories_text(vocabulary) + "}\n";
}

std::string panoptic_file(std::span<const std::string> annotations, const Vocabulary& vocabulary) {
  return "{\"annotations\":" + json_list(annotations) + ",\"categories\":" + categories_text(vocabulary) + "}\n";
}

}  // namespace glid
