#include "coco_tables.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "glid/core/error.h"
#include "glid/geometry/polygon.h"

namespace glid {
namespace {

struct OwnedTables {
  CocoPools pools;
  CocoTables tables;
};

// None when a hundredth is not exactly the value.
std::optional<int32_t> to_hundredth(double value) {
  constexpr double kLargest = 1e7;
  if (!(std::abs(value) < kLargest)) return std::nullopt;
  const auto hundredth = static_cast<int32_t>(value * 100 + std::copysign(0.5, value));
  if (hundredth / 100.0 != value) return std::nullopt;
  return hundredth;
}

// A counting sort by image, which keeps the file's order.
void group_by_image(CocoPools& pools) {
  pools.annotations_begin.assign(pools.images.size() + 1, 0);
  for (const CocoAnnotation& annotation : pools.annotations) ++pools.annotations_begin[annotation.image + 1];
  for (size_t i = 0; i < pools.images.size(); ++i) pools.annotations_begin[i + 1] += pools.annotations_begin[i];
  pools.annotations_by_image.resize(pools.annotations.size());
  std::vector<uint64_t> next = pools.annotations_begin;
  for (size_t i = 0; i < pools.annotations.size(); ++i)
    pools.annotations_by_image[next[pools.annotations[i].image]++] = static_cast<uint32_t>(i);
}

int64_t count_repeated_ids(std::span<const CocoAnnotation> annotations) {
  std::vector<int64_t> ids(annotations.size());
  std::transform(annotations.begin(), annotations.end(), ids.begin(), [](const auto& annotation) { return annotation.id; });
  if (!std::is_sorted(ids.begin(), ids.end())) std::sort(ids.begin(), ids.end());
  int64_t repeated = 0;
  for (size_t i = 1; i < ids.size(); ++i) repeated += ids[i] == ids[i - 1];
  return repeated;
}

CocoNotes count_notes(const CocoTables& tables) {
  CocoNotes notes;
  std::vector<bool> used(tables.categories.size());
  for (const CocoAnnotation& annotation : tables.annotations) {
    used[annotation.category] = true;
    notes.annotations_of_id_zero += annotation.id == 0;
    notes.crowds += annotation.is_crowd;
    notes.empty_segmentations += annotation.shape == CocoShape::kEmpty;
    notes.empty_boxes += annotation.has_box && is_empty(annotation.box);
    notes.boxes_outside += annotation.has_box && is_outside(annotation.box, tables.images[annotation.image]);
    notes.areas_missing += !annotation.has_area;
  }
  notes.repeated_annotation_ids = count_repeated_ids(tables.annotations);
  notes.categories_without_annotations = std::count(used.begin(), used.end(), false);
  if (const auto& categories = tables.categories; !categories.empty())
    notes.category_id_holes = categories.back().id - categories.front().id + 1 - static_cast<int64_t>(categories.size());
  for (size_t i = 0; i < tables.images.size(); ++i)
    notes.images_without_annotations += tables.annotations_begin[i] == tables.annotations_begin[i + 1];
  return notes;
}

bool lies_in(const CocoRange& range, size_t size) { return range.begin <= range.end && range.end <= size; }
bool lies_in(const CocoText& text, size_t size) { return text.begin <= size && text.size <= size - text.begin; }

// From 0 to `end` without a step back.
bool are_offsets(std::span<const uint64_t> offsets, size_t end) {
  return !offsets.empty() && offsets.front() == 0 && offsets.back() == end && std::is_sorted(offsets.begin(), offsets.end());
}

// A bool that holds neither 0 nor 1 must not even be read.
bool has_flags(const CocoAnnotation& annotation) {
  const auto* flags = reinterpret_cast<const unsigned char*>(&annotation) + offsetof(CocoAnnotation, is_crowd);
  const size_t count = offsetof(CocoAnnotation, has_num_keypoints) + 1 - offsetof(CocoAnnotation, is_crowd);
  return std::all_of(flags, flags + count, [](unsigned char flag) { return flag <= 1; });
}

bool is_sound(const CocoAnnotation& annotation, const CocoTables& tables) {
  if (annotation.image >= tables.images.size() || annotation.category >= tables.categories.size()) return false;
  if (!has_flags(annotation) || !lies_in(annotation.keypoints, tables.keypoints.size())) return false;
  switch (annotation.shape) {
    case CocoShape::kNone:
    case CocoShape::kEmpty: return true;
    case CocoShape::kPolygons: return lies_in(annotation.shape_data, tables.polygons.size());
    case CocoShape::kCounts: return lies_in(annotation.shape_data, tables.runs.size());
    case CocoShape::kCompressed: return lies_in(annotation.shape_data, tables.text.size());
  }
  return false;
}

bool is_sound(const CocoPolygon& polygon, const CocoTables& tables) {
  const size_t size = polygon.in_hundredths ? tables.hundredths.size() : tables.coordinates.size();
  return lies_in(CocoRange{polygon.begin, polygon.begin + polygon.size}, size);
}

bool is_sound(const CocoImage& image, size_t text_size) {
  constexpr int64_t kMaxSide = INT32_MAX;
  return lies_in(image.id_text, text_size) && lies_in(image.file_name, text_size) && image.height >= 0 && image.width >= 0 &&
         image.height <= kMaxSide && image.width <= kMaxSide;
}

bool is_sound(const CocoCategory& category, const CocoTables& tables) {
  return lies_in(category.name, tables.text.size()) && lies_in(category.supercategory, tables.text.size()) &&
         lies_in(category.joints, tables.joint_names.size()) && lies_in(category.skeleton, tables.limbs.size());
}

}  // namespace

CocoText CocoPools::add_text(std::string_view piece) {
  text.insert(text.end(), piece.begin(), piece.end());
  return {text.size() - piece.size(), piece.size()};
}

void CocoPools::add_polygon(std::span<const double> xy) {
  const size_t begin = hundredths.size();
  for (const double value : xy) {
    const auto hundredth = to_hundredth(value);
    if (!hundredth) break;
    hundredths.push_back(*hundredth);
  }
  const bool in_hundredths = hundredths.size() == begin + xy.size();
  polygons.push_back({in_hundredths ? begin : coordinates.size(), static_cast<uint32_t>(xy.size()), in_hundredths});
  if (in_hundredths) return;
  hundredths.resize(begin);
  coordinates.insert(coordinates.end(), xy.begin(), xy.end());
}

std::shared_ptr<const CocoTables> finish_tables(CocoPools pools) {
  auto owned = std::make_shared<OwnedTables>();
  owned->pools = std::move(pools);
  const CocoPools& p = owned->pools;
  group_by_image(owned->pools);
  owned->tables = {p.images,      p.categories, p.annotations, p.annotations_begin, p.annotations_by_image,
                   p.joint_names, p.limbs,      p.polygons,    p.hundredths,        p.coordinates,
                   p.runs,        p.keypoints,  p.text};
  owned->tables.notes = count_notes(owned->tables);
  return {owned, &owned->tables};
}

bool are_sound(const CocoTables& tables) {
  const auto all = [](const auto& rows, auto test) { return std::all_of(rows.begin(), rows.end(), test); };
  return tables.annotations_by_image.size() == tables.annotations.size() &&
         tables.annotations_begin.size() == tables.images.size() + 1 &&
         are_offsets(tables.annotations_begin, tables.annotations.size()) &&
         all(tables.annotations_by_image, [&](uint32_t annotation) { return annotation < tables.annotations.size(); }) &&
         all(tables.polygons, [&](const CocoPolygon& polygon) { return is_sound(polygon, tables); }) &&
         all(tables.joint_names, [&](const CocoText& name) { return lies_in(name, tables.text.size()); }) &&
         all(tables.images, [&](const CocoImage& image) { return is_sound(image, tables.text.size()); }) &&
         all(tables.categories, [&](const CocoCategory& category) { return is_sound(category, tables); }) &&
         all(tables.annotations, [&](const CocoAnnotation& annotation) { return is_sound(annotation, tables); });
}

Rle mask_of_polygons(std::span<const std::span<const double>> polygons, int64_t height, int64_t width) {
  if (height == 0 || width == 0) throw DataError("", "has a mask, but its image has no height and width");
  if (polygons.empty()) return {height, width, {num_mask_pixels(height, width)}};
  std::vector<Rle> parts;
  for (const auto& polygon : polygons) parts.push_back(rle_from_polygon(polygon, height, width));
  return parts.size() == 1 ? std::move(parts[0]) : rle_union(parts);
}

bool is_empty(const BoxXywh& box) { return !(box.width > 0 && box.height > 0); }

bool is_outside(const BoxXywh& box, const CocoImage& image) {
  constexpr double kTolerancePx = 1;
  if (image.height == 0 || image.width == 0) return false;
  return box.x < -kTolerancePx || box.y < -kTolerancePx ||
         box.x + box.width > static_cast<double>(image.width) + kTolerancePx ||
         box.y + box.height > static_cast<double>(image.height) + kTolerancePx;
}

}  // namespace glid
