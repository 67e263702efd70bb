#include "glid/formats/panoptic_json.h"

#include <algorithm>
#include <set>
#include <utility>

#include "coco_reader.h"
#include "glid/formats/category_names.h"
#include "glid/formats/coco_errors.h"

namespace glid {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int64_t kMaxSegmentId = 0xFFFFFF;  // three bytes of a pixel

// The names and sizes of the photographs, which are only learned from.
PanopticImage read_image(JsonValue value, RecordName& name) {
  PanopticImage image;
  for_each_field_of(value, "images", [&](JsonKey key, JsonValue field) {
    if (key == "id") name.id = read_id(field, "id");
    else if (key == "file_name" && !is_null(field)) image.file_name = read_text(field, "file_name");
    else if (key == "height" && !is_null(field)) image.height = read_integer(field, "height");
    else if (key == "width" && !is_null(field)) image.width = read_integer(field, "width");
  });
  require(name.id.has_value(), "id");
  image.id = to_image_id(*name.id);
  return image;
}

PanopticCategory read_category(JsonValue value, RecordName& name, PanopticFileNotes& notes) {
  PanopticCategory category;
  FieldFaults faults;
  bool has_is_thing = false;
  for_each_field_of(value, "categories", [&](JsonKey key, JsonValue field) {
    if (key == "id") category.id = (name.id = read_integer_id(field, "id"))->number;
    else if (key == "name" && !faults.guard("name", [&] { category.name = read_text(field, "name"); }))
      category.name = as_written(field);
    else if (key == "isthing") {
      category.is_thing = read_flag(field, "isthing");
      has_is_thing = true;
    }
  });
  require(name.id.has_value(), "id");
  require(has_is_thing, "isthing");
  faults.count(name, notes.unread);
  return category;
}

// Crowds and areas are a truth's, areas only what is evaluated looks at.
PanopticSegment read_segment(JsonValue value, RecordName& name, PanopticRole role) {
  PanopticSegment segment;
  bool has_category = false;
  for_each_field_of(value, "segments_info", [&](JsonKey key, JsonValue field) {
    if (key == "id") segment.id = (name.id = read_integer_id(field, "id"))->number;
    else if (key == "iscrowd" && role != PanopticRole::kPrediction && !is_null(field))
      segment.is_crowd = read_flag(field, "iscrowd");
    else if (key == "area" && role == PanopticRole::kTruth && !is_null(field)) segment.area = read_number(field, "area");
    else if (key == "category_id") {
      segment.category_id = read_integer(field, "category_id");
      has_category = true;
    }
  });
  require(name.id.has_value(), "id");
  require(has_category, "category_id");
  if (segment.id < 1 || segment.id > kMaxSegmentId)
    throw DataError("", "has an id that no pixel of a segment can hold", std::to_string(segment.id));
  return segment;
}

std::vector<PanopticSegment> read_segments(JsonValue list, PanopticRole role) {
  std::vector<PanopticSegment> segments;
  std::set<int64_t> seen;
  for_each_record_of(list, "segments_info", "segment", [&](JsonValue value, RecordName& name) {
    segments.push_back(read_segment(value, name, role));
    if (!seen.insert(segments.back().id).second) throw DataError("", "has the id of an earlier segment");
  });
  return segments;
}

PanopticAnnotation read_annotation(JsonValue value, RecordName& name, PanopticRole role) {
  PanopticAnnotation annotation;
  bool has_file_name = false, has_segments = false;
  for_each_field_of(value, "annotations", [&](JsonKey key, JsonValue field) {
    if (key == "image_id") {
      name.id = read_id(field, "image_id");
    } else if (key == "file_name") {
      annotation.file_name = read_text(field, "file_name");
      has_file_name = true;
    } else if (key == "segments_info") {
      annotation.segments = read_segments(field, role);
      has_segments = true;
    }
  });
  require(name.id.has_value(), "image_id");
  require(has_file_name, "file_name");
  require(has_segments, "segments_info");
  annotation.image_id = to_image_id(*name.id);
  return annotation;
}

class PanopticParser {
 public:
  explicit PanopticParser(PanopticRole role, OnRecordError on_error = throw_of_record)
      : role_(role), on_error_(std::move(on_error)) {}

  PanopticJson parse(std::string_view padded_json);

 private:
  void read_images(JsonValue list);
  void read_categories(JsonValue list);
  void read_annotations(JsonValue list);
  void check_images();
  void check_categories();

  std::string name_of(size_t annotation) const;

  const PanopticRole role_;
  const OnRecordError on_error_;
  PanopticJson out_;
  std::vector<int64_t> numbers_;  // of out_.annotations in the file, from 1
  std::set<CocoImageId> image_ids_, annotated_ids_;
  std::set<int64_t> category_ids_;
  bool has_categories_ = false, has_annotations_ = false;
};

void PanopticParser::read_images(JsonValue list) {
  const auto read = [&](JsonValue value, RecordName& name) {
    PanopticImage image = read_image(value, name);
    if (!image_ids_.insert(image.id).second) throw DataError("", "has the id of an earlier image");
    out_.images.push_back(std::move(image));
  };
  for_each_record_of(list, "images", "image", read, on_error_);
}

void PanopticParser::read_categories(JsonValue list) {
  has_categories_ = true;
  const auto read = [&](JsonValue value, RecordName& name) {
    PanopticCategory category = read_category(value, name, out_.notes);
    if (!category_ids_.insert(category.id).second) throw DataError("", "has the id of an earlier category");
    out_.categories.push_back(std::move(category));
  };
  for_each_record_of(list, "categories", "category", read, on_error_);
  std::sort(out_.categories.begin(), out_.categories.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::vector<CategoryName> names;
  for (const PanopticCategory& category : out_.categories) names.push_back({category.id, category.name});
  tell_apart(names);
  for (size_t i = 0; i < names.size(); ++i) out_.categories[i].name = std::move(names[i].name);
}

void PanopticParser::read_annotations(JsonValue list) {
  has_annotations_ = true;
  const auto read = [&](JsonValue value, RecordName& name) {
    PanopticAnnotation annotation = read_annotation(value, name, role_);
    if (!annotated_ids_.insert(annotation.image_id).second)
      throw DataError("", "is for an image that an earlier annotation is for");
    out_.annotations.push_back(std::move(annotation));
    numbers_.push_back(name.number);
  };
  for_each_record_of(list, "annotations", "annotation", read, on_error_);
}

std::string PanopticParser::name_of(size_t i) const {
  return format("annotation {} (id {})", numbers_[i], to_string(out_.annotations[i].image_id));
}

// Where images are listed: an annotation of none of them is not learned from.
void PanopticParser::check_images() {
  if (image_ids_.empty()) return;
  const bool are_texts = std::holds_alternative<std::string>(*image_ids_.begin());
  for (size_t i = 0; i < out_.annotations.size(); ++i) {
    const CocoImageId& id = out_.annotations[i].image_id;
    if (image_ids_.contains(id)) continue;
    if (std::holds_alternative<std::string>(id) != are_texts)
      on_error_(name_of(i),
                DataError("", "belongs to no image of the file", shown_image_id(id, are_texts, "the images' ids")));
    else out_.notes.of_no_image.add(name_of(i));
  }
}

// Segments of no category are left out of an evaluation, as in panopticapi, where they are nobody's hit or miss.
void PanopticParser::check_categories() {
  for (size_t i = 0; i < out_.annotations.size(); ++i)
    std::erase_if(out_.annotations[i].segments, [&](const PanopticSegment& segment) {
      if (category_ids_.contains(segment.category_id)) return false;
      const DataError error(format("segment {}", segment.id), "belongs to no category of the file",
                            format("category_id {}", segment.category_id));
      if (role_ == PanopticRole::kTraining) on_error_(name_of(i), error);
      else
        out_.notes.of_no_category.add(format("{}: segment {}: category_id {}", name_of(i), segment.id, segment.category_id));
      return true;
    });
}

PanopticJson PanopticParser::parse(std::string_view padded_json) {
  ondemand::parser parser;
  ondemand::document document = JsonText::walk(padded_json, parser);
  for_each_field(root_object(document, "is not a panoptic file"), [&](JsonKey key, JsonValue value) {
    if (key == "images" && role_ == PanopticRole::kTraining) read_images(value);
    else if (key == "categories" && role_ != PanopticRole::kPrediction) read_categories(value);
    else if (key == "annotations") read_annotations(value);
  });
  expect_end(document);
  require(has_annotations_, "annotations");
  if (role_ == PanopticRole::kPrediction) return std::move(out_);
  require(has_categories_, "categories");
  check_images();
  check_categories();
  return std::move(out_);
}

PanopticJson parse(std::string_view padded_json, const std::string& where, PanopticRole role) {
  PanopticJson json = in_file(where, padded_json, [&] { return PanopticParser(role).parse(padded_json); });
  json.where = where;
  return json;
}

}  // namespace

std::vector<std::string> PanopticFileNotes::lines() const {
  std::vector<std::string> lines;
  add_line(lines, of_no_image, {"annotation", "annotations"}, "left out: the file doesn't list their image");
  add_line(lines, of_no_category, {"segment", "segments"}, "left out: the file doesn't list their category");
  add_unread(lines, unread);
  return lines;
}

PanopticJson read_panoptic_json(const std::filesystem::path& file, PanopticRole role) {
  return parse(MappedFile(file, simdjson::SIMDJSON_PADDING).text(), file.string(), role);
}

CocoErrors<PanopticJson> panoptic_errors(const std::filesystem::path& file) {
  CocoErrors<PanopticJson> errors;
  const auto add = [&](const std::string& record, const DataError& error) {
    errors.records.push_back({format("{}: {}", file.string(), record), error.what()});
  };
  try {
    const MappedFile json(file, simdjson::SIMDJSON_PADDING);
    in_file(file.string(), json.text(),
            [&] { errors.rest = PanopticParser(PanopticRole::kTraining, add).parse(json.text()); });
    errors.rest->where = file.string();
  } catch (const DataError& error) {
    errors.end = error.what();
  }
  return errors;
}

PanopticJson parse_panoptic_json(std::string_view json, const std::string& where, PanopticRole role) {
  return parse(JsonText::copy(json).padded(), where, role);
}

}  // namespace glid
