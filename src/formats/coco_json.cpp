#include "glid/formats/coco_json.h"

#include <utility>

#include "coco_reader.h"
#include "coco_tables.h"

namespace glid {
namespace {

template <typename Row>
std::span<const Row> slice(const std::vector<Row>& rows, const CocoRange& range) {
  return std::span(rows).subspan(range.begin, range.size());
}

}  // namespace

std::string to_string(const CocoImageId& id) {
  if (const auto* number = std::get_if<int64_t>(&id)) return std::to_string(*number);
  return std::get<std::string>(id);
}

std::vector<std::string> CocoNotes::lines() const {
  std::vector<std::string> lines;
  const auto add = [&](int64_t count, const char* what) {
    if (count > 0) lines.push_back(format("{} {}", count, what));
  };
  add(annotations_of_id_zero, "annotations with the id 0 (pycocotools counts their matches as misses)");
  add(repeated_annotation_ids, "annotations with the id of an earlier one");
  add(images_without_annotations, "images without annotations");
  add(category_id_holes, "category ids missing between the smallest and the largest");
  add(categories_without_annotations, "categories without annotations");
  add(crowds, "crowd annotations");
  add(empty_segmentations, "annotations with an empty segmentation");
  add(empty_boxes, "boxes without width or height");
  add(boxes_outside, "boxes that reach out of their image by more than a pixel");
  add(areas_missing, "annotations without an area");
  return lines;
}

CocoIndex::CocoIndex(std::shared_ptr<const CocoTables> tables, std::string where)
    : tables_(std::move(tables)), where_(std::move(where)) {}

CocoIndex CocoIndex::open(const std::filesystem::path& file) {
  return {parse_coco_truth(MappedFile(file, simdjson::SIMDJSON_PADDING).text(), file.string()), file.string()};
}

CocoIndex CocoIndex::parse(std::string_view json, const std::string& where) {
  return {parse_coco_truth(JsonText::copy(json).padded(), where), where};
}

std::span<const CocoImage> CocoIndex::images() const { return tables_->images; }
std::span<const CocoCategory> CocoIndex::categories() const { return tables_->categories; }
std::span<const CocoAnnotation> CocoIndex::annotations() const { return tables_->annotations; }
const CocoNotes& CocoIndex::notes() const { return tables_->notes; }

std::span<const uint32_t> CocoIndex::annotations_of(size_t image) const {
  return slice(tables_->annotations_by_image, {tables_->annotations_begin[image], tables_->annotations_begin[image + 1]});
}

std::string_view CocoIndex::text(const CocoText& text) const { return tables_->text_of(text); }

CocoImageId CocoIndex::image_id(size_t image) const {
  if (tables_->has_text_ids()) return std::string(text(images()[image].id_text));
  return images()[image].id;
}

std::optional<uint32_t> CocoIndex::find_image(int64_t id) const {
  if (tables_->has_text_ids()) return std::nullopt;
  return find_row(images(), [&](const CocoImage& image) { return (image.id > id) - (image.id < id); });
}

std::optional<uint32_t> CocoIndex::find_image(std::string_view id) const {
  if (!tables_->has_text_ids()) return std::nullopt;
  return find_row(images(), [&](const CocoImage& image) { return text(image.id_text).compare(id); });
}

std::optional<uint32_t> CocoIndex::find_category(int64_t id) const {
  return find_row(categories(), [&](const CocoCategory& category) { return (category.id > id) - (category.id < id); });
}

std::vector<std::string_view> CocoIndex::joint_names(const CocoCategory& category) const {
  std::vector<std::string_view> names;
  for (const CocoText& name : slice(tables_->joint_names, category.joints)) names.push_back(text(name));
  return names;
}

std::span<const CocoLimb> CocoIndex::skeleton(const CocoCategory& category) const {
  return slice(tables_->limbs, category.skeleton);
}

std::span<const double> CocoIndex::keypoints(const CocoAnnotation& annotation) const {
  return slice(tables_->keypoints, annotation.keypoints);
}

std::vector<std::vector<double>> CocoIndex::polygons(const CocoAnnotation& annotation) const {
  std::vector<std::vector<double>> polygons;
  if (annotation.shape != CocoShape::kPolygons) return polygons;
  for (const CocoPolygon& polygon : slice(tables_->polygons, annotation.shape_data)) {
    const CocoRange range{polygon.begin, polygon.begin + polygon.size};
    if (polygon.in_hundredths) {
      std::vector<double>& xy = polygons.emplace_back();
      for (const int32_t hundredth : slice(tables_->hundredths, range)) xy.push_back(hundredth / 100.0);
    } else {
      const auto xy = slice(tables_->coordinates, range);
      polygons.emplace_back(xy.begin(), xy.end());
    }
  }
  return polygons;
}

Rle CocoIndex::segmentation(const CocoAnnotation& annotation) const {
  const CocoImage& image = images()[annotation.image];
  try {
    if (annotation.shape == CocoShape::kCompressed)
      return rle_from_string(text({annotation.shape_data.begin, annotation.shape_data.size()}), image.height, image.width);
    if (annotation.shape != CocoShape::kCounts) {
      const std::vector<std::vector<double>> xy = polygons(annotation);
      return mask_of_polygons(std::vector<std::span<const double>>(xy.begin(), xy.end()), image.height, image.width);
    }
    const auto runs = slice(tables_->runs, annotation.shape_data);
    return rle_from_counts(std::vector<int64_t>(runs.begin(), runs.end()), image.height, image.width);
  } catch (const DataError& error) {
    throw DataError(format("{}: {}", where_, name_of(annotation)), error.what());
  }
}

std::string CocoIndex::name_of(const CocoAnnotation& annotation) const {
  return format("annotation {} (id {})", &annotation - annotations().data() + 1, annotation.id);
}

}  // namespace glid
