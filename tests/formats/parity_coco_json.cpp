// Says what the COCO readers read, for scripts/parity/check_coco_json.py:
//   parity_coco_json truth FILE                         the tables as JSON, masks as compressed run lengths
//   parity_coco_json results TRUTH FILE box|mask|keypoint
//   parity_coco_json time FILE                          seconds to index it
#include <chrono>
#include <cstdio>
#include <string>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/json.h"
#include "glid/formats/coco_results.h"

namespace glid {
namespace {

Json to_json(const CocoImageId& id) {
  if (const auto* number = std::get_if<int64_t>(&id)) return *number;
  return std::get<std::string>(id);
}

Json to_json(const BoxXywh& box) { return Json::Array{box.x, box.y, box.width, box.height}; }
Json to_json(std::span<const double> numbers) { return Json::Array(numbers.begin(), numbers.end()); }

Json to_json(const CocoIndex& index, const CocoAnnotation& annotation) {
  Json out = Json::object();
  out.set("id", annotation.id).set("image_id", to_json(index.image_id(annotation.image)));
  out.set("category_id", index.categories()[annotation.category].id);
  out.set("bbox", annotation.has_box ? to_json(annotation.box) : Json());
  out.set("area", annotation.has_area ? Json(annotation.area) : Json()).set("iscrowd", annotation.is_crowd);
  out.set("keypoints", annotation.has_keypoints ? to_json(index.keypoints(annotation)) : Json());
  out.set("num_keypoints", annotation.has_num_keypoints ? Json(annotation.num_keypoints) : Json());
  return out.set("mask", annotation.has_mask() ? Json(rle_to_string(index.segmentation(annotation))) : Json());
}

Json to_json(const CocoIndex& index) {
  Json::Array images, categories, annotations;
  for (size_t i = 0; i < index.images().size(); ++i) {
    const CocoImage& image = index.images()[i];
    Json::Array ids;
    for (const uint32_t a : index.annotations_of(i)) ids.push_back(index.annotations()[a].id);
    images.push_back(Json::object().set("id", to_json(index.image_id(i))).set("file_name", index.text(image.file_name)));
    images.back().set("height", image.height).set("width", image.width).set("annotations", std::move(ids));
  }
  for (const CocoCategory& category : index.categories()) {
    Json::Array joints, limbs;
    for (const auto name : index.joint_names(category)) joints.emplace_back(name);
    for (const CocoLimb& limb : index.skeleton(category)) limbs.emplace_back(Json::Array{limb.from, limb.to});
    categories.push_back(Json::object().set("id", category.id).set("name", index.text(category.name)));
    categories.back()
        .set("supercategory", index.text(category.supercategory))
        .set("keypoints", joints)
        .set("skeleton", limbs);
  }
  for (const CocoAnnotation& annotation : index.annotations()) annotations.push_back(to_json(index, annotation));
  return Json::object().set("images", images).set("categories", categories).set("annotations", annotations);
}

Json to_json(const CocoIndex& index, const CocoResults& results) {
  Json::Array out;
  for (size_t i = 0; i < results.results.size(); ++i) {
    const CocoResult& result = results.results[i];
    out.push_back(Json::object().set("image_id", to_json(index.image_id(result.image))));
    out.back().set("category_id", index.categories()[result.category].id).set("score", result.score);
    out.back().set("bbox", to_json(result.box)).set("area", result.area);
    out.back().set("mask", results.masks.empty() ? Json() : Json(rle_to_string(results.masks[i].rle)));
    out.back().set("keypoints", results.keypoints_begin.empty() ? Json() : to_json(results.keypoints_of(i)));
  }
  return out;
}

CocoKind kind_of(const std::string& name) {
  if (name == "box") return CocoKind::kBox;
  return name == "mask" ? CocoKind::kMask : CocoKind::kKeypoint;
}

double seconds_to_open(const char* file) {
  const auto start = std::chrono::steady_clock::now();
  const CocoIndex index = CocoIndex::open(file);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

ExitCode answer(int argc, char** argv) {
  const std::string what = argc > 2 ? argv[1] : "";
  if (what == "truth" && argc == 3) {
    std::puts(to_json(CocoIndex::parse(read_file(argv[2]), argv[2])).dump().c_str());
  } else if (what == "results" && argc == 5) {
    const CocoIndex index = CocoIndex::parse(read_file(argv[2]), argv[2]);
    std::puts(to_json(index, read_coco_results(argv[3], index, kind_of(argv[4]))).dump().c_str());
  } else if (what == "time" && argc == 3) {
    std::printf("%.3f\n", seconds_to_open(argv[2]));
  } else {
    throw UsageError("parity_coco_json", "truth FILE, results TRUTH FILE KIND or time FILE");
  }
  return ExitCode::kDone;
}

}  // namespace
}  // namespace glid

int main(int argc, char** argv) {
  return glid::run_program("parity_coco_json", [&] { return glid::answer(argc, argv); });
}
