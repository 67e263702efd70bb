#include "coco_tables.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "glid/core/error.h"
#include "glid/geometry/polygon.h"

namespace glid {
namespace {

// None when a hundredth is not exactly the value.
std::optional<int32_t> to_hundredth(double value) {
  constexpr double kLargest = 1e7;
  if (!(std::abs(value) < kLargest)) return std::nullopt;
  const auto hundredth = static_cast<int32_t>(value * 100 + std::copysign(0.5, value));
  if (hundredth / 100.0 != value) return std::nullopt;
  return hundredth;
}

// A counting sort by image, which keeps the file's order.
void group_by_image(CocoTables& tables) {
  tables.annotations_begin.assign(tables.images.size() + 1, 0);
  for (const CocoAnnotation& annotation : tables.annotations) ++tables.annotations_begin[annotation.image + 1];
  for (size_t i = 0; i < tables.images.size(); ++i) tables.annotations_begin[i + 1] += tables.annotations_begin[i];
  tables.annotations_by_image.resize(tables.annotations.size());
  std::vector<uint64_t> next = tables.annotations_begin;
  for (size_t i = 0; i < tables.annotations.size(); ++i)
    tables.annotations_by_image[next[tables.annotations[i].image]++] = static_cast<uint32_t>(i);
}

int64_t count_repeated_ids(std::span<const CocoAnnotation> annotations) {
  std::vector<int64_t> ids(annotations.size());
  std::transform(annotations.begin(), annotations.end(), ids.begin(), [](const auto& annotation) { return annotation.id; });
  if (!std::is_sorted(ids.begin(), ids.end())) std::sort(ids.begin(), ids.end());
  int64_t repeated = 0;
  for (size_t i = 1; i < ids.size(); ++i) repeated += ids[i] == ids[i - 1];
  return repeated;
}

void count_notes(const CocoTables& tables, CocoNotes& notes) {
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
}

}  // namespace

CocoText CocoTables::add_text(std::string_view piece) {
  text.insert(text.end(), piece.begin(), piece.end());
  return {text.size() - piece.size(), piece.size()};
}

void CocoTables::add_polygon(std::span<const double> xy) {
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

void CocoTables::finish() {
  group_by_image(*this);
  count_notes(*this, notes);
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
