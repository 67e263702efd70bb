#include "glid/formats/coco_results.h"

#include <algorithm>
#include <utility>

#include "coco_reader.h"
#include "coco_tables.h"
#include "glid/core/tally_line.h"
#include "glid/geometry/polygon.h"

namespace glid {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr int64_t kPersonCategory = 1;

// What the first record makes of a file (pycocotools, coco.py loadRes).
enum class FileType { kUnknown, kBox, kMask, kKeypoint };

// One record as it stands. The members that are read keep their memory from record to record.
struct Record {
  std::optional<JsonId> image_id;
  std::optional<JsonId> category_id;
  std::optional<double> score;
  std::optional<BoxXywh> box;
  FieldFaults faults;
  bool has_box = false, has_mask = false, has_keypoints = false, has_caption = false;  // perhaps with faults
  JsonShape shape;
  std::vector<double> keypoints;

  void clear() {
    image_id.reset();
    category_id.reset();
    score.reset();
    box.reset();
    faults.clear();
    has_box = has_mask = has_keypoints = has_caption = false;
    keypoints.clear();
  }
};

FileType type_of(const Record& record) {
  if (record.has_caption) throw DataError("", "is a caption, which is not evaluated");
  if (record.has_box) return FileType::kBox;
  if (record.has_mask) return FileType::kMask;
  if (record.has_keypoints) return FileType::kKeypoint;
  throw DataError("", "has no \"bbox\", \"segmentation\" or \"keypoints\"");
}

// None for a truth without images.
std::optional<bool> has_text_ids(const CocoIndex& truth) {
  if (truth.images().empty()) return std::nullopt;
  return std::holds_alternative<std::string>(truth.image_id(0));
}

// A list without elements stands for a missing box.
std::optional<BoxXywh> read_optional_box(JsonValue value) {
  if (is_null(value)) return std::nullopt;
  std::vector<double> sides;
  append_numbers(value, "bbox", sides);
  if (sides.empty()) return std::nullopt;
  return to_box(sides, "bbox");
}

BoxXywh box_around(std::span<const double> keypoints) {
  if (keypoints.empty()) return {};
  double x0 = keypoints[0], y0 = keypoints[1], x1 = x0, y1 = y0;
  for (size_t i = 0; i < keypoints.size(); i += 3) {
    x0 = std::min(x0, keypoints[i]);
    x1 = std::max(x1, keypoints[i]);
    y0 = std::min(y0, keypoints[i + 1]);
    y1 = std::max(y1, keypoints[i + 1]);
  }
  return {x0, y0, x1 - x0, y1 - y0};
}

class ResultsParser {
 public:
  ResultsParser(const CocoIndex& truth, CocoKind kind, bool only_persons)
      : truth_(truth), kind_(kind), only_persons_(only_persons) {}

  CocoResults parse(std::string_view padded_json);

 private:
  void read_record(JsonValue value, const RecordName& name);
  void read_field(JsonKey key, JsonValue value);
  bool reads_masks() const { return kind_ == CocoKind::kMask || type_ == FileType::kUnknown || type_ == FileType::kMask; }
  bool reads_keypoints() const {
    return kind_ == CocoKind::kKeypoint || type_ == FileType::kUnknown || type_ == FileType::kKeypoint;
  }
  void resolve_image(CocoResult& result);
  void add_mask(CocoResult& result);
  void add_keypoints(CocoResult& result);
  bool leave_out(const RecordName& name);
  bool uses(std::string_view field) const;
  void add_record();

  const CocoIndex& truth_;
  const CocoKind kind_;
  const bool only_persons_;
  FileType type_ = FileType::kUnknown;
  Record record_;
  CocoResult result_;  // what becomes of it
  CocoResults out_;
  std::optional<JsonId> last_image_id_;  // often the next one's too
  uint32_t last_image_ = 0;
};

CocoResults ResultsParser::parse(std::string_view padded_json) {
  ondemand::parser parser;
  ondemand::document document = JsonText::walk(padded_json, parser);
  ondemand::array list = root_list(document, "is not a COCO result file");
  if (kind_ == CocoKind::kKeypoint) out_.keypoints_begin.push_back(0);
  for_each_record(list, "result", [&](JsonValue value, const RecordName& name) { read_record(value, name); });
  expect_end(document);
  return std::move(out_);
}

void ResultsParser::read_record(JsonValue value, const RecordName& name) {
  record_.clear();
  for_each_field_of(value, "results", [&](JsonKey key, JsonValue field) { read_field(key, field); });
  if (type_ == FileType::kUnknown) type_ = type_of(record_);
  if (!leave_out(name)) add_record();
}

void ResultsParser::read_field(JsonKey key, JsonValue value) {
  if (key == "image_id") {
    record_.image_id = read_id(value, "image_id");
  } else if (key == "category_id") {
    record_.category_id = read_integer_id(value, "category_id");
  } else if (key == "bbox") {
    record_.has_box = !record_.faults.guard("bbox", [&] { record_.box = read_optional_box(value); }) || record_.box;
  } else if (key == "score") {
    record_.faults.guard("score", [&] { record_.score = read_number(value, "score"); });
  } else if (key == "segmentation" && reads_masks()) {
    const bool is_read = record_.faults.guard("segmentation", [&] { record_.shape.read(value); });
    record_.has_mask = !is_read || record_.shape.shape != CocoShape::kNone;
  } else if (key == "keypoints" && reads_keypoints() && !is_null(value)) {
    record_.keypoints.clear();
    record_.faults.guard("keypoints", [&] { append_numbers(value, "keypoints", record_.keypoints); });
    record_.has_keypoints = true;
  } else if (key == "caption") {
    record_.has_caption = true;
  }
}

void ResultsParser::resolve_image(CocoResult& result) {
  const JsonId& id = *record_.image_id;
  if (last_image_id_ && !id.is_text && !last_image_id_->is_text && last_image_id_->number == id.number) {
    result.image = last_image_;
    return;
  }
  const auto found = find_image(truth_, id);
  if (!found)
    throw DataError("", "is for an image that the annotations don't have",
                    shown_image_id(to_image_id(id), has_text_ids(truth_).value_or(id.is_text), "the annotations' ids"),
                    id.is_text && !has_text_ids(truth_).value_or(true)
                        ? "glid_predict --annotations FILE gives results the ids of that file"
                        : "");
  result.image = last_image_ = *found;
  last_image_id_ = id;
}

// Persons apart, an image that isn't there is an error even then, as in pycocotools.
bool ResultsParser::leave_out(const RecordName& name) {
  require(record_.image_id.has_value(), "image_id");
  require(record_.category_id.has_value(), "category_id");
  const bool is_no_person = only_persons_ && record_.category_id->number != kPersonCategory;
  result_ = {};
  if (!is_no_person) resolve_image(result_);
  const auto category = truth_.find_category(record_.category_id->number);
  if (category && !is_no_person) result_.category = *category;
  else if (is_no_person) ++out_.notes.other_categories;
  else out_.notes.unknown_categories.add(format("{}: category_id {}", name.to_string(), record_.category_id->written));
  return is_no_person || !category;
}

bool ResultsParser::uses(std::string_view field) const {
  if (field == "bbox") return kind_ == CocoKind::kBox || type_ == FileType::kBox;
  if (field == "segmentation") return reads_masks();
  return field == "keypoints" ? reads_keypoints() : true;
}

void ResultsParser::add_record() {
  record_.faults.throw_used([this](std::string_view field) { return uses(field); });
  require(record_.score.has_value(), "score");
  if (type_ == FileType::kBox && !record_.box) throw DataError("", "has no \"bbox\", and the first result has one");
  CocoResult& result = result_;
  result.score = *record_.score;
  if (record_.box) result.box = *record_.box;
  result.area = result.box.area();
  if (reads_masks()) add_mask(result);
  if (reads_keypoints()) add_keypoints(result);
  out_.notes.empty_boxes += is_empty(result.box);
  out_.notes.boxes_outside += is_outside(result.box, truth_.images()[result.image]);
  out_.results.push_back(result);
}

void ResultsParser::add_mask(CocoResult& result) {
  const CocoImage& image = truth_.images()[result.image];
  if (!record_.has_mask && type_ != FileType::kBox) throw DataError("", "has no \"segmentation\"");
  const bool knows_size = image.height == 0 && record_.has_mask && record_.shape.has_runs();
  const int64_t height = knows_size ? record_.shape.height : image.height;
  const int64_t width = knows_size ? record_.shape.width : image.width;
  if (height == 0) throw DataError("", "has a mask, but its image has no height and width");
  BoxedRle mask = boxed(record_.has_mask ? record_.shape.mask(height, width) : rle_from_box(result.box, height, width));
  if (type_ == FileType::kMask) {
    result.area = static_cast<double>(mask.area);
    if (!record_.box) result.box = mask.box;
  }
  out_.notes.boxes_as_masks += !record_.has_mask;
  out_.notes.empty_segmentations += record_.has_mask && record_.shape.shape == CocoShape::kEmpty;
  out_.notes.empty_masks += mask.area == 0;
  if (kind_ == CocoKind::kMask) out_.masks.push_back(std::move(mask));
}

void ResultsParser::add_keypoints(CocoResult& result) {
  require(record_.has_keypoints, "keypoints");
  check_keypoints(record_.keypoints.size(), truth_.categories()[result.category].joints.size());
  if (type_ == FileType::kKeypoint) {
    result.box = box_around(record_.keypoints);
    result.area = result.box.area();
  }
  if (kind_ != CocoKind::kKeypoint) return;
  out_.keypoints.insert(out_.keypoints.end(), record_.keypoints.begin(), record_.keypoints.end());
  out_.keypoints_begin.push_back(out_.keypoints.size());
}

CocoResults parse(std::string_view padded_json, const std::string& where, const CocoIndex& truth, CocoKind kind,
                  bool only_persons) {
  CocoResults results =
      in_file(where, padded_json, [&] { return ResultsParser(truth, kind, only_persons).parse(padded_json); });
  results.where = where;
  return results;
}

}  // namespace

std::vector<std::string> CocoResultNotes::lines() const {
  std::vector<std::string> lines;
  const auto add = [&](int64_t count, const char* what) {
    if (count > 0) lines.push_back(format("{} {}", count, what));
  };
  add(empty_boxes, "result boxes without width or height");
  add(boxes_outside, "result boxes that reach out of their image by more than a pixel");
  add(empty_masks, "empty result masks");
  add(boxes_as_masks, "results without a mask: their boxes stand for it, as in pycocotools");
  add(empty_segmentations, "results with an empty segmentation");
  add(other_categories, "boxes of other categories left out");
  if (unknown_categories.count > 0)
    lines.push_back(
        tally_line(unknown_categories, "result", "results", "left out: the annotations don't list their category"));
  return lines;
}

std::span<const double> CocoResults::keypoints_of(size_t result) const {
  return std::span(keypoints).subspan(keypoints_begin[result], keypoints_begin[result + 1] - keypoints_begin[result]);
}

CocoResults read_coco_results(const std::filesystem::path& file, const CocoIndex& truth, CocoKind kind) {
  return parse(MappedFile(file, simdjson::SIMDJSON_PADDING).text(), file.string(), truth, kind, false);
}

CocoResults parse_coco_results(std::string_view json, const std::string& where, const CocoIndex& truth, CocoKind kind) {
  return parse(JsonText::copy(json).padded(), where, truth, kind, false);
}

CocoResults read_person_boxes(const std::filesystem::path& file, const CocoIndex& truth) {
  return parse(MappedFile(file, simdjson::SIMDJSON_PADDING).text(), file.string(), truth, CocoKind::kBox, true);
}

CocoResults parse_person_boxes(std::string_view json, const std::string& where, const CocoIndex& truth) {
  return parse(JsonText::copy(json).padded(), where, truth, CocoKind::kBox, true);
}

}  // namespace glid
