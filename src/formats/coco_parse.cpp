// From JSON to the tables of a ground truth, in two walks over the file: the images and categories wherever they stand, then
// the annotations, which name them.
#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>

#include "coco_lists.h"
#include "coco_reader.h"
#include "coco_tables.h"
#include "glid/core/rng.h"
#include "glid/formats/coco_errors.h"

namespace glid {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kMinBytesPerCoordinate = 6;  // "12.34,"

class TruthParser {
 public:
  TruthParser(std::string_view padded_json, const CocoUse& use)
      : use_(use), document_(JsonText::walk(padded_json, parser_)) {
    // As many as most files need: what is not touched costs nothing, growing would copy gigabytes.
    if (use_.masks) tables_.hundredths.reserve(padded_json.size() / kMinBytesPerCoordinate);
  }

  CocoTables parse();
  // Adds the records at which parse() would stop, and reads the others. Throws what it throws for what isn't a record's.
  CocoTables find_errors(const std::string& where, std::vector<CocoRecordError>& errors);

 private:
  void read_lists(const OnRecordError& on_error);
  void read_annotations(const OnRecordError& on_error);
  void read_annotation(JsonValue value, RecordName& name);
  void read_field(JsonKey key, JsonValue value, RecordName& name);
  void read_reference(JsonKey key, JsonValue value, RecordName& name);
  void read_id(JsonValue value, RecordName& name);
  void read_keypoints(JsonValue value);
  void read_shape(JsonValue value);
  void resolve_image(const JsonId& id);
  void resolve_category(const JsonId& id);
  bool leave_out(const RecordName& name);
  uint64_t joints_of(const CocoAnnotation& annotation) const;
  void check_shape();
  void add_annotation(const RecordName& name);
  void add_shape();
  void mark_replaced();

  // What a record must have.
  struct Seen {
    bool id = false, image = false, category = false;
  };

  const CocoUse use_;
  ondemand::parser parser_;
  ondemand::document document_;
  CocoTables tables_;
  std::vector<int64_t> image_ids_;                    // of tables_.images, close together for the search
  std::vector<std::pair<int64_t, size_t>> left_out_;  // ids, and how many annotations stand before
  CocoAnnotation annotation_;                         // the one being read
  JsonShape shape_;                                   // its own
  Seen seen_;                                         // likewise, as all below
  FieldFaults faults_;
  std::optional<std::string> unknown_image_, unknown_category_;  // that the file doesn't list
  uint32_t last_image_ = 0;                                      // of the one before: often the next one's too
};

CocoTables TruthParser::parse() {
  read_lists(throw_of_record);
  read_annotations([&](const std::string& record, const DataError& error) {
    if (use_.annotations) throw_of_record(record, error);
    tables_.notes.unreadable.add(format("{}: {}", record, error.what()));
  });
  mark_replaced();
  tables_.finish();
  return std::move(tables_);
}

CocoTables TruthParser::find_errors(const std::string& where, std::vector<CocoRecordError>& errors) {
  const auto add = [&](const std::string& record, const DataError& error) {
    errors.push_back({format("{}: {}", where, record), error.what()});
  };
  read_lists(add);
  read_annotations(add);
  tables_.finish();
  return std::move(tables_);
}

void TruthParser::read_lists(const OnRecordError& on_error) {
  CocoLists lists(use_, tables_, on_error);
  int num_images = 0, num_categories = 0, num_annotations = 0;
  for_each_field(root_object(document_, "is not a COCO ground truth"), [&](JsonKey key, JsonValue value) {
    if (key == "images" && ++num_images == 1) lists.read_images(value);
    else if (key == "categories" && ++num_categories == 1 && use_.annotations) lists.read_categories(value);
    else if (key == "annotations") ++num_annotations;
  });
  expect_end(document_);
  for (const auto& [key, count, is_used] : {std::tuple{"images", num_images, true},
                                            {"categories", num_categories, use_.annotations},
                                            {"annotations", num_annotations, use_.annotations}}) {
    require(count > 0 || !is_used, key);
    if (count > 1) throw DataError("", format("has \"{}\" more than once", key));
  }
  for (const CocoImage& image : tables_.images) image_ids_.push_back(image.id);
}

void TruthParser::read_annotations(const OnRecordError& on_error) {
  document_.rewind();
  for_each_field(root_object(document_, "is not a COCO ground truth"), [&](JsonKey key, JsonValue list) {
    if (key != "annotations" || (!use_.annotations && is_null(list))) return;
    for_each_record_of(
        list, "annotations", "annotation", [&](JsonValue value, RecordName& name) { read_annotation(value, name); },
        on_error);
  });
}

void TruthParser::read_annotation(JsonValue value, RecordName& name) {
  annotation_ = {.number = static_cast<uint32_t>(name.number)};
  annotation_.keypoints = {tables_.keypoints.size(), tables_.keypoints.size()};
  shape_.shape = CocoShape::kNone;
  seen_ = {};
  faults_.clear();
  unknown_image_.reset();
  unknown_category_.reset();
  for_each_field_of(value, "annotations", [&](JsonKey key, JsonValue field) { read_field(key, field, name); });
  require(seen_.id, "id");
  require(seen_.image, "image_id");
  require(seen_.category, "category_id");
  if (!leave_out(name)) add_annotation(name);
}

void TruthParser::read_field(JsonKey key, JsonValue value, RecordName& name) {
  CocoAnnotation& a = annotation_;
  if (key == "segmentation") {
    if (!faults_.guard("segmentation", [&] { shape_.read(value); })) shape_.shape = CocoShape::kNone;
  } else if (key == "bbox") {
    a.has_box = !is_null(value) && faults_.guard("bbox", [&] { a.box = read_box(value, "bbox"); });
  } else if (key == "area") {
    a.has_area = !is_null(value) && faults_.guard("area", [&] { a.area = read_number(value, "area"); });
  } else if (key == "iscrowd") {
    faults_.guard("iscrowd", [&] { a.is_crowd = !is_null(value) && read_flag(value, "iscrowd"); });
  } else if (key == "keypoints") {
    a.has_keypoints = !is_null(value) && faults_.guard("keypoints", [&] { read_keypoints(value); });
  } else if (key == "num_keypoints") {
    a.has_num_keypoints =
        !is_null(value) && faults_.guard("num_keypoints", [&] { a.num_keypoints = read_integer(value, "num_keypoints"); });
  } else if (key == "difficult" || key == "ignore") {
    faults_.guard("difficult", [&] { a.is_difficult |= says_yes(value, "difficult"); });
  } else {
    read_reference(key, value, name);
  }
}

void TruthParser::read_reference(JsonKey key, JsonValue value, RecordName& name) {
  if (key == "image_id") {
    seen_.image = true;
    faults_.guard("image_id", [&] { resolve_image(glid::read_id(value, "image_id")); });
  } else if (key == "category_id") {
    seen_.category = true;
    faults_.guard("category_id", [&] { resolve_category(read_integer_id(value, "category_id")); });
  } else if (key == "id") {
    seen_.id = true;
    read_id(value, name);
  }
}

// Nothing but equality is asked of an annotation's id.
void TruthParser::read_id(JsonValue value, RecordName& name) {
  name.id = JsonId{.written = as_written(value)};
  if (faults_.guard("id", [&] { annotation_.id = read_integer(value, "id"); })) return;
  annotation_.id = static_cast<int64_t>(stable_hash(name.id->written));
  annotation_.has_other_id = true;
}

void TruthParser::read_keypoints(JsonValue value) {
  tables_.keypoints.resize(annotation_.keypoints.begin);
  append_numbers(value, "keypoints", tables_.keypoints);
  annotation_.keypoints.end = tables_.keypoints.size();
}

void TruthParser::resolve_image(const JsonId& id) {
  const std::span<const CocoImage> images = tables_.images;
  const bool are_texts = tables_.has_text_ids();
  if (!id.is_text && last_image_ < images.size() && images[last_image_].id == id.number && !are_texts) {
    annotation_.image = last_image_;
    return;
  }
  std::optional<uint32_t> found;
  if (id.is_text && are_texts)
    found = find_row(images, [&](const CocoImage& image) { return tables_.text_of(image.id_text).compare(id.text); });
  else if (!id.is_text && !are_texts)
    found = find_row(std::span<const int64_t>(image_ids_),
                     [&](int64_t other) { return (other > id.number) - (other < id.number); });
  if (found) annotation_.image = last_image_ = *found;
  else if (images.empty() || id.is_text == are_texts) unknown_image_ = format("image_id {}", id.written);
  else throw DataError("", "belongs to no image of the file", shown_image_id(to_image_id(id), are_texts, "the images' ids"));
}

void TruthParser::resolve_category(const JsonId& id) {
  const auto found = find_row(std::span<const CocoCategory>(tables_.categories), [&](const CocoCategory& category) {
    return (category.id > id.number) - (category.id < id.number);
  });
  if (found) annotation_.category = *found;
  else if (use_.annotations) unknown_category_ = format("category_id {}", id.written);
}

// As pycocotools does with annotations that it never looks up: whatever else they hold. To learn from, they are an error.
bool TruthParser::leave_out(const RecordName& name) {
  if (!unknown_image_ && !unknown_category_) return false;
  if (use_.learning)
    throw DataError("", format("belongs to no {} of the file", unknown_image_ ? "image" : "category"),
                    *(unknown_image_ ? unknown_image_ : unknown_category_));
  Tally& tally = unknown_image_ ? tables_.notes.of_no_image : tables_.notes.of_no_category;
  tally.add(format("{}: {}", name.to_string(), *(unknown_image_ ? unknown_image_ : unknown_category_)));
  left_out_.emplace_back(annotation_.id, tables_.annotations.size());
  tables_.keypoints.resize(annotation_.keypoints.begin);
  return true;
}

void TruthParser::add_annotation(const RecordName& name) {
  CocoAnnotation& a = annotation_;
  const bool has_place = !faults_.has("image_id") && !faults_.has("category_id");  // count_faults() says why it hasn't
  if (a.has_keypoints && has_place) faults_.guard("keypoints", [&] { check_keypoints(a.keypoints.size(), joints_of(a)); });
  if (has_place) faults_.guard("segmentation", [&] { check_shape(); });
  count_faults(faults_, use_, name, tables_.notes);
  a.has_keypoints &= use_.keypoints;
  if (!a.has_keypoints) a.keypoints.end = a.keypoints.begin;
  tables_.keypoints.resize(a.keypoints.end);
  if (!use_.annotations) return;
  if (use_.masks) add_shape();
  if (use_.masks) tables_.notes.masks_missing += a.shape == CocoShape::kNone;
  tables_.annotations.push_back(a);
}

// Of its category; 0 where that isn't known.
uint64_t TruthParser::joints_of(const CocoAnnotation& annotation) const {
  return use_.annotations ? tables_.categories[annotation.category].joints.size() : 0;
}

void TruthParser::check_shape() {
  if (!shape_.has_runs()) return;
  CocoImage& image = tables_.images[annotation_.image];
  const bool is_sized = image.height > 0;
  shape_.mask(is_sized ? image.height : shape_.height, is_sized ? image.width : shape_.width);
  if (is_sized || !use_.masks) return;
  image.height = shape_.height;  // the mask knows the size that the image doesn't give
  image.width = shape_.width;
}

void TruthParser::add_shape() {
  annotation_.shape = shape_.shape;
  if (shape_.shape == CocoShape::kCompressed) {
    const CocoText text = tables_.add_text(shape_.text);
    annotation_.shape_data = {text.begin, text.begin + text.size};
  } else if (shape_.shape == CocoShape::kCounts) {
    annotation_.shape_data = {tables_.runs.size(), tables_.runs.size() + shape_.counts.size()};
    for (const int64_t count : shape_.counts) tables_.runs.push_back(static_cast<uint32_t>(count));
  } else if (shape_.shape == CocoShape::kPolygons) {
    annotation_.shape_data = {tables_.polygons.size(), tables_.polygons.size() + shape_.polygon_ends.size()};
    for (const auto& polygon : shape_.polygons()) tables_.add_polygon(polygon);
  }
}

// CocoAnnotation::is_replaced
void TruthParser::mark_replaced() {
  std::unordered_map<int64_t, size_t> last;  // ids whose last annotation was left out, and how many stand before it
  for (const auto& [id, num_before] : left_out_) last[id] = num_before;
  if (last.empty()) return;
  for (size_t i = 0; i < tables_.annotations.size(); ++i)
    if (const auto found = last.find(tables_.annotations[i].id); found != last.end() && i >= found->second)
      last.erase(found);
  for (size_t i = 0; i < tables_.annotations.size(); ++i) {
    CocoAnnotation& annotation = tables_.annotations[i];
    annotation.is_replaced = last.contains(annotation.id);
    if (annotation.is_replaced) tables_.notes.replaced.add(format("annotation with the id {}", annotation.id));
  }
}

}  // namespace

std::shared_ptr<const CocoTables> parse_coco_truth(std::string_view padded_json, const std::string& where,
                                                   const CocoUse& use) {
  return in_file(where, padded_json,
                 [&] { return std::make_shared<const CocoTables>(TruthParser(padded_json, use).parse()); });
}

CocoErrors<CocoIndex> coco_errors(const std::filesystem::path& file) {
  CocoErrors<CocoIndex> errors;
  try {
    const MappedFile json(file, simdjson::SIMDJSON_PADDING);
    in_file(file.string(), json.text(), [&] {
      TruthParser parser(json.text(), {});
      auto tables = std::make_shared<const CocoTables>(parser.find_errors(file.string(), errors.records));
      errors.rest.emplace(std::move(tables), file.string());
    });
  } catch (const DataError& error) {
    errors.end = error.what();
  }
  return errors;
}

}  // namespace glid
