#include "glid/formats/coco_json.h"

#include <utility>

#include "coco_reader.h"
#include "coco_tables.h"
#include "glid/core/counted.h"
#include "glid/core/json.h"

namespace glid {
namespace {

constexpr std::pair kAnnotations{"annotation", "annotations"};

template <typename Row>
std::span<const Row> slice(const std::vector<Row>& rows, const CocoRange& range) {
  return std::span(rows).subspan(range.begin, range.size());
}

}  // namespace

std::string to_string(const CocoImageId& id) {
  return std::visit([](const auto& value) { return Json(value).dump(); }, id);
}

std::string shown_image_id(const CocoImageId& id, bool others_are_texts, std::string_view others) {
  const bool is_text = std::holds_alternative<std::string>(id);
  if (is_text == others_are_texts) return "image_id " + to_string(id);
  return format("image_id {}, a {}; {} are {}s", to_string(id), is_text ? "string" : "number", others,
                others_are_texts ? "string" : "number");
}

std::vector<std::string> CocoNotes::lines() const {
  std::vector<std::string> lines;
  const auto add = [&](int64_t count, const char* one, const char* many, const char* which) {
    if (count > 0) lines.push_back(counted(count, one, many) + which);
  };
  const auto add_annotations = [&](int64_t count, const char* which) { add(count, "annotation", "annotations", which); };
  add_annotations(annotations_of_id_zero, " with the id 0 (pycocotools counts their matches as misses)");
  add_annotations(repeated_annotation_ids, " with the id of an earlier one");
  add(images_without_annotations, "image", "images", " without annotations");
  add(category_id_holes, "category id", "category ids", " missing between the smallest and the largest");
  add(categories_without_annotations, "category", "categories", " without annotations");
  add(crowds, "crowd annotation", "crowd annotations", "");
  add_annotations(empty_segmentations, " with an empty segmentation");
  add_annotations(masks_missing, " without a segmentation");
  add(empty_boxes, "box", "boxes", " without width or height");
  add(boxes_outside, "box that reaches out of its image", "boxes that reach out of their image", " by more than a pixel");
  add_annotations(areas_missing, " without an area");
  add_line(lines, replaced, kAnnotations, "left out too, as an annotation behind it of the same id was left out");
  const auto more = losses();
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

std::vector<std::string> CocoNotes::losses() const {
  std::vector<std::string> lines;
  add_line(lines, of_no_image, kAnnotations, "left out: the file doesn't list their image");
  add_line(lines, of_no_category, kAnnotations, "left out: the file doesn't list their category");
  add_line(lines, repeated_images, {"image", "images"}, "listed again, the last time counts");
  add_line(lines, repeated_categories, {"category", "categories"}, "listed again, the last time counts");
  add_line(lines, unreadable, kAnnotations, "that can't be read, which nothing here needs");
  add_unread(lines, unread);
  return lines;
}

CocoIndex::CocoIndex(std::shared_ptr<const CocoTables> tables, std::string where)
    : tables_(std::move(tables)), where_(std::move(where)) {}

CocoIndex CocoIndex::open(const std::filesystem::path& file, const CocoUse& use) {
  return {parse_coco_truth(MappedFile(file, simdjson::SIMDJSON_PADDING).text(), file.string(), use), file.string()};
}

CocoIndex CocoIndex::parse(std::string_view json, const std::string& where, const CocoUse& use) {
  return {parse_coco_truth(JsonText::copy(json).padded(), where, use), where};
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
  return annotation.has_other_id ? format("annotation {}", annotation.number)
                                 : format("annotation {} (id {})", annotation.number, annotation.id);
}

}  // namespace glid
