#include "coco_instances.h"

#include <algorithm>
#include <map>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"

namespace glid {
namespace {

std::vector<Keypoint> keypoints_of(std::span<const double> numbers) {
  std::vector<Keypoint> points;
  for (size_t i = 0; i + 2 < numbers.size(); i += 3) {
    const double v = numbers[i + 2];
    points.push_back({numbers[i] + kCocoJointOffset, numbers[i + 1] + kCocoJointOffset,
                      v >= 2   ? Visibility::kVisible
                      : v >= 1 ? Visibility::kHidden
                               : Visibility::kUnlabelled});
  }
  return points;
}

// Twice the area inside a polygon by the shoelace formula is 0: all of it is one point or line.
bool is_flat(std::span<const double> xy) {
  double sum = 0;
  for (size_t i = 0; i < xy.size(); i += 2) {
    const size_t next = (i + 2) % xy.size();
    sum += (xy[i] - xy[0]) * (xy[next + 1] - xy[1]) - (xy[next] - xy[0]) * (xy[i + 1] - xy[1]);
  }
  return sum == 0;
}

void check_mask(const CocoIndex& index, const CocoAnnotation& annotation, const std::string& where, Inspection& inspection) {
  try {
    const Rle mask = index.segmentation(annotation);
    if (rle_area(mask) == 0) return inspection.add(Defect::kEmptyMask, where);
  } catch (const DataError& error) {
    return inspection.add_reason(Defect::kBadMask, where, error.what());
  }
  const auto polygons = index.polygons(annotation);
  for (size_t i = 0; i < polygons.size(); ++i)
    if (is_flat(polygons[i])) inspection.add(Defect::kFlatPolygon, where, format("polygon {}", i + 1));
}

void check_keypoints(const CocoIndex& index, const CocoAnnotation& annotation, const SizePx& image, const std::string& where,
                     Inspection& inspection) {
  const auto numbers = index.keypoints(annotation);
  int64_t num_labelled = 0;
  for (size_t i = 0; i + 2 < numbers.size(); i += 3) {
    const double x = numbers[i], y = numbers[i + 1], v = numbers[i + 2];
    const auto at = [&] { return format("joint {} at ({}, {}) with v = {}", i / 3 + 1, x, y, v); };
    if (v != 0 && v != 1 && v != 2) inspection.add(Defect::kBadKeypoint, where, at());
    if (v <= 0) continue;
    ++num_labelled;
    const bool outside = x < 0 || y < 0 || x > static_cast<double>(image.width) || y > static_cast<double>(image.height);
    if (image.is_known() && outside) inspection.add(Defect::kKeypointOutside, where, at());
  }
  if (annotation.has_num_keypoints && annotation.num_keypoints != num_labelled)
    inspection.add(Defect::kKeypointCount, where, format("{} of {}", annotation.num_keypoints, num_labelled));
}

// How many objects of a category have how many joints.
std::map<uint64_t, int64_t> joint_counts(const CocoIndex& index, size_t category) {
  std::map<uint64_t, int64_t> objects;
  for (const CocoAnnotation& annotation : index.annotations())
    if (annotation.category == category && annotation.keypoints.size() > 0) ++objects[annotation.keypoints.size() / 3];
  return objects;
}

}  // namespace

Instance coco_instance(const CocoIndex& index, uint32_t number) {
  const CocoAnnotation& annotation = index.annotations()[number];
  Instance instance{.id = annotation.id, .category = annotation.category, .is_crowd = annotation.is_crowd};
  if (annotation.has_mask()) {
    try {
      instance.mask = index.segmentation(annotation);
    } catch (const DataError& error) {
      throw DataError(coco_record(index, number), error.what());
    }
  }
  const bool masked = !instance.mask.counts.empty();
  instance.box = to_corners(annotation.has_box || !masked ? annotation.box : rle_box(instance.mask));
  instance.area = annotation.has_area ? annotation.area
                  : masked            ? static_cast<double>(rle_area(instance.mask))
                                      : annotation.box.area();
  instance.keypoints = keypoints_of(index.keypoints(annotation));
  return instance;
}

std::string coco_record(const CocoIndex& index, uint32_t number) {
  const CocoAnnotation& annotation = index.annotations()[number];
  return format("{}: {} of {}", index.where(), index.name_of(annotation),
                index.text(index.images()[annotation.image].file_name));
}

void check_coco_annotation(const CocoIndex& index, uint32_t number, const SizePx& image, bool others_have_masks,
                           Inspection& inspection) {
  const CocoAnnotation& annotation = index.annotations()[number];
  const std::string where = coco_record(index, number);
  if (annotation.has_box) inspection.check_box(annotation.box, image, where);
  else if (!annotation.has_mask()) inspection.add(Defect::kNoBox, where);
  if (annotation.has_mask()) check_mask(index, annotation, where, inspection);
  else if (others_have_masks) inspection.add(Defect::kNoMask, where);
  if (annotation.has_keypoints) check_keypoints(index, annotation, image, where, inspection);
}

void check_joints(const CocoIndex& index, Inspection& inspection) {
  for (size_t i = 0; i < index.categories().size(); ++i) {
    const CocoCategory& category = index.categories()[i];
    const std::string where = format("{}: category {} ({})", index.where(), category.id, index.text(category.name));
    const auto counts = joint_counts(index, i);
    if (category.joints.size() == 0 && (!counts.empty() || index.categories().size() == 1))
      inspection.add_reason(Defect::kNoJointNames, where, "\"keypoints\" lists their names, as in COCO's own files");
    if (counts.size() < 2) continue;
    std::vector<std::string> texts;
    for (const auto& [joints, objects] : counts) texts.push_back(format("{} in {}", joints, counted(objects, "object")));
    inspection.add(Defect::kJointCount, where, join(texts, ", "));
  }
}

}  // namespace glid
