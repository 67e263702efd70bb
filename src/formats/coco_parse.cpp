// From JSON to the tables of a ground truth, in two walks over the file: the images and categories wherever they stand, then
// the annotations, which name them.
#include <algorithm>
#include <cstdint>
#include <utility>

#include "coco_reader.h"
#include "coco_tables.h"

namespace glid {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr size_t kMinBytesPerCoordinate = 6;  // "12.34,"
constexpr int64_t kMaxPixels = UINT32_MAX;    // what run lengths count in

template <typename Rows, typename Id>
void reject_repeated(const Rows& rows, std::string_view kind, Id id_of) {
  for (size_t i = 1; i < rows.size(); ++i)
    if (id_of(rows[i].row) == id_of(rows[i - 1].row))
      throw DataError(format("{} {}", kind, rows[i].number), "has the id of an earlier one",
                      format("{}", id_of(rows[i].row)));
}

template <typename Row>
struct Numbered {
  Row row;
  int64_t number;  // of the record in the file, from 1
};

class TruthParser {
 public:
  explicit TruthParser(std::string_view padded_json) : document_(JsonText::walk(padded_json, parser_)) {
    // As many as most files need: what is not touched costs nothing, growing would copy gigabytes.
    tables_.hundredths.reserve(padded_json.size() / kMinBytesPerCoordinate);
  }

  CocoTables parse();
  // The annotations at which parse() would stop. Throws what it throws for other records and for what is not JSON.
  std::vector<CocoRecordError> find_errors(const std::string& where);

 private:
  void read_lists();
  void read_images(JsonValue list);
  void read_image(JsonValue value, RecordName& name);
  void read_categories(JsonValue list);
  void read_category(JsonValue value, RecordName& name);
  CocoRange read_joints(JsonValue value);
  CocoRange read_skeleton(JsonValue value);
  void read_annotation(JsonValue value, RecordName& name);
  template <typename Read>
  void for_each_annotation(Read read);
  void read_annotation_field(JsonKey key, JsonValue value, RecordName& name);
  void read_keypoints(JsonValue value);
  void resolve_image(const JsonId& id);
  void resolve_category(int64_t id);
  void finish_annotation();
  void add_shape();

  // What a record must have.
  struct Seen {
    bool id = false, image = false, category = false;
  };

  ondemand::parser parser_;
  ondemand::document document_;
  CocoTables tables_;
  std::vector<Numbered<CocoImage>> images_;
  std::vector<Numbered<CocoCategory>> categories_;
  std::vector<int64_t> image_ids_;  // of tables_.images, close together for the search
  // The annotation being read.
  CocoAnnotation annotation_;
  JsonShape shape_;
  Seen seen_;
  uint32_t last_image_ = 0;  // often the next one's too
};

CocoTables TruthParser::parse() {
  for_each_annotation([&](JsonValue value, RecordName& name) { read_annotation(value, name); });
  tables_.finish();
  return std::move(tables_);
}

std::vector<CocoRecordError> TruthParser::find_errors(const std::string& where) {
  std::vector<CocoRecordError> errors;
  for_each_annotation([&](JsonValue value, RecordName& name) {
    try {
      read_annotation(value, name);
    } catch (const DataError& error) {
      errors.push_back({format("{}: {}", where, name.to_string()), error.what()});
    }
  });
  return errors;
}

template <typename Read>
void TruthParser::for_each_annotation(Read read) {
  read_lists();
  document_.rewind();
  for_each_field(root_object(document_, "is not a COCO ground truth"), [&](JsonKey key, JsonValue value) {
    if (key == "annotations") for_each_record_of(value, "annotations", "annotation", read);
  });
}

void TruthParser::read_lists() {
  int num_images = 0, num_categories = 0, num_annotations = 0;
  for_each_field(root_object(document_, "is not a COCO ground truth"), [&](JsonKey key, JsonValue value) {
    if (key == "images" && ++num_images == 1) read_images(value);
    else if (key == "categories" && ++num_categories == 1) read_categories(value);
    else if (key == "annotations") ++num_annotations;
  });
  expect_end(document_);
  for (const auto& [key, count] :
       {std::pair{"images", num_images}, {"categories", num_categories}, {"annotations", num_annotations}}) {
    require(count > 0, key);
    if (count > 1) throw DataError("", format("has \"{}\" more than once", key));
  }
}

void TruthParser::read_images(JsonValue list) {
  for_each_record_of(list, "images", "image", [&](JsonValue value, RecordName& name) { read_image(value, name); });
  const auto text_of = [&](const CocoImage& image) {
    return std::string_view(tables_.text.data() + image.id_text.begin, image.id_text.size);
  };
  const auto by_text = [&](const auto& a, const auto& b) { return text_of(a.row) < text_of(b.row); };
  const auto by_number = [](const auto& a, const auto& b) { return a.row.id < b.row.id; };
  if (!images_.empty() && images_[0].row.id_text.size > 0) {
    std::stable_sort(images_.begin(), images_.end(), by_text);
    reject_repeated(images_, "image", text_of);
  } else {
    std::stable_sort(images_.begin(), images_.end(), by_number);
    reject_repeated(images_, "image", [](const CocoImage& image) { return image.id; });
  }
  for (const auto& image : images_) {
    tables_.images.push_back(image.row);
    image_ids_.push_back(image.row.id);
  }
}

void TruthParser::read_image(JsonValue value, RecordName& name) {
  CocoImage image;
  for_each_field_of(value, "images", [&](JsonKey key, JsonValue field) {
    if (key == "id") name.id = read_id(field, "id");
    else if (key == "file_name" && !is_null(field)) image.file_name = tables_.add_text(read_text(field, "file_name"));
    else if (key == "height" && !is_null(field)) image.height = read_integer(field, "height");
    else if (key == "width" && !is_null(field)) image.width = read_integer(field, "width");
  });
  require(name.id.has_value(), "id");
  if (name.id->is_text) image.id_text = tables_.add_text(name.id->text);
  image.id = name.id->number;
  if (image.height < 0 || image.width < 0 || (image.height > 0) != (image.width > 0) ||
      (image.height > 0 && image.width > kMaxPixels / image.height))
    throw DataError("", "has no possible height and width", format("{} x {}", image.height, image.width));
  if (!images_.empty() && (images_[0].row.id_text.size > 0) != name.id->is_text)
    throw DataError("", "mixes ids that are integers and strings");
  images_.push_back({image, name.number});
}

void TruthParser::read_categories(JsonValue list) {
  for_each_record_of(list, "categories", "category", [&](JsonValue value, RecordName& name) { read_category(value, name); });
  std::stable_sort(categories_.begin(), categories_.end(), [](const auto& a, const auto& b) { return a.row.id < b.row.id; });
  reject_repeated(categories_, "category", [](const CocoCategory& category) { return category.id; });
  for (const auto& category : categories_) tables_.categories.push_back(category.row);
}

void TruthParser::read_category(JsonValue value, RecordName& name) {
  CocoCategory category;
  for_each_field_of(value, "categories", [&](JsonKey key, JsonValue field) {
    if (key == "id") name.id = JsonId{category.id = read_integer(field, "id")};
    else if (key == "name") category.name = tables_.add_text(read_text(field, "name"));
    else if (key == "supercategory" && !is_null(field))
      category.supercategory = tables_.add_text(read_text(field, "supercategory"));
    else if (key == "isthing") category.is_thing = read_flag(field, "isthing");
    else if (key == "keypoints") category.joints = read_joints(field);
    else if (key == "skeleton") category.skeleton = read_skeleton(field);
  });
  require(name.id.has_value(), "id");
  categories_.push_back({category, name.number});
}

CocoRange TruthParser::read_joints(JsonValue value) {
  CocoRange range{tables_.joint_names.size()};
  for_each_element_of(value, "keypoints", [&](JsonValue joint) {
    tables_.joint_names.push_back(tables_.add_text(read_text(joint, "keypoints")));
  });
  range.end = tables_.joint_names.size();
  return range;
}

CocoRange TruthParser::read_skeleton(JsonValue value) {
  CocoRange range{tables_.limbs.size()};
  for_each_element_of(value, "skeleton", [&](JsonValue limb) {
    std::vector<double> joints;
    append_numbers(limb, "skeleton", joints);
    if (joints.size() != 2 || std::max(joints[0], joints[1]) > INT32_MAX || std::min(joints[0], joints[1]) < 0)
      throw DataError("", "its skeleton has a limb that is not two joints", format("{} numbers", joints.size()));
    tables_.limbs.push_back({static_cast<int32_t>(joints[0]), static_cast<int32_t>(joints[1])});
  });
  range.end = tables_.limbs.size();
  return range;
}

void TruthParser::read_annotation(JsonValue value, RecordName& name) {
  annotation_ = {};
  annotation_.keypoints = {tables_.keypoints.size(), tables_.keypoints.size()};
  shape_.shape = CocoShape::kNone;
  seen_ = {};
  for_each_field_of(value, "annotations", [&](JsonKey key, JsonValue field) { read_annotation_field(key, field, name); });
  require(seen_.id, "id");
  require(seen_.image, "image_id");
  require(seen_.category, "category_id");
  finish_annotation();
}

void TruthParser::read_annotation_field(JsonKey key, JsonValue value, RecordName& name) {
  if (key == "segmentation") {
    shape_.read(value);
  } else if (key == "bbox") {
    annotation_.has_box = !is_null(value);
    if (annotation_.has_box) annotation_.box = read_box(value, "bbox");
  } else if (key == "area") {
    annotation_.has_area = !is_null(value);
    if (annotation_.has_area) annotation_.area = read_number(value, "area");
  } else if (key == "iscrowd") {
    annotation_.is_crowd = !is_null(value) && read_flag(value, "iscrowd");
  } else if (key == "image_id") {
    seen_.image = true;
    resolve_image(read_id(value, "image_id"));
  } else if (key == "category_id") {
    seen_.category = true;
    resolve_category(read_integer(value, "category_id"));
  } else if (key == "id") {
    seen_.id = true;
    name.id = JsonId{annotation_.id = read_integer(value, "id")};
  } else if (key == "keypoints") {
    if (!is_null(value)) read_keypoints(value);
  } else if (key == "num_keypoints") {
    annotation_.has_num_keypoints = !is_null(value);
    if (annotation_.has_num_keypoints) annotation_.num_keypoints = read_integer(value, "num_keypoints");
  }
}

void TruthParser::read_keypoints(JsonValue value) {
  tables_.keypoints.resize(annotation_.keypoints.begin);
  append_numbers(value, "keypoints", tables_.keypoints);
  annotation_.keypoints.end = tables_.keypoints.size();
  annotation_.has_keypoints = true;
}

void TruthParser::resolve_image(const JsonId& id) {
  const std::span<const CocoImage> images = tables_.images;
  const bool has_text_ids = !images.empty() && images[0].id_text.size > 0;
  if (!id.is_text && last_image_ < images.size() && images[last_image_].id == id.number && !has_text_ids) {
    annotation_.image = last_image_;
    return;
  }
  std::optional<uint32_t> found;
  if (id.is_text && has_text_ids)
    found = find_row(images, [&](const CocoImage& image) {
      return std::string_view(tables_.text.data() + image.id_text.begin, image.id_text.size).compare(id.text);
    });
  else if (!id.is_text && !has_text_ids)
    found = find_row(std::span<const int64_t>(image_ids_),
                     [&](int64_t other) { return (other > id.number) - (other < id.number); });
  if (!found) throw DataError("", "belongs to no image of the file", "image_id " + to_string(id));
  annotation_.image = last_image_ = *found;
}

void TruthParser::resolve_category(int64_t id) {
  const auto found = find_row(std::span<const CocoCategory>(tables_.categories),
                              [&](const CocoCategory& category) { return (category.id > id) - (category.id < id); });
  if (!found) throw DataError("", "belongs to no category of the file", format("category_id {}", id));
  annotation_.category = *found;
}

void TruthParser::finish_annotation() {
  if (annotation_.has_keypoints) check_keypoints(annotation_.keypoints.size(), tables_.categories[annotation_.category]);
  annotation_.shape = shape_.shape;
  add_shape();
  tables_.annotations.push_back(annotation_);
}

void TruthParser::add_shape() {
  CocoImage& image = tables_.images[annotation_.image];
  if (shape_.has_runs()) {
    if (image.height == 0) {  // the mask knows the size that the image doesn't give
      image.height = shape_.height;
      image.width = shape_.width;
    }
    const Rle mask = shape_.mask(image.height, image.width);
    if (shape_.shape == CocoShape::kCompressed) {
      const CocoText text = tables_.add_text(shape_.text);
      annotation_.shape_data = {text.begin, text.begin + text.size};
    } else {
      annotation_.shape_data = {tables_.runs.size(), tables_.runs.size() + shape_.counts.size()};
      for (const int64_t count : shape_.counts) tables_.runs.push_back(static_cast<uint32_t>(count));
    }
  } else if (shape_.shape == CocoShape::kPolygons) {
    annotation_.shape_data = {tables_.polygons.size(), tables_.polygons.size() + shape_.polygon_ends.size()};
    for (const auto& polygon : shape_.polygons()) tables_.add_polygon(polygon);
  }
}

}  // namespace

std::shared_ptr<const CocoTables> parse_coco_truth(std::string_view padded_json, const std::string& where) {
  return in_file(where, [&] { return std::make_shared<const CocoTables>(TruthParser(padded_json).parse()); });
}

std::vector<CocoRecordError> coco_annotation_errors(const std::filesystem::path& file) {
  const MappedFile json(file, simdjson::SIMDJSON_PADDING);
  try {
    return TruthParser(json.text()).find_errors(file.string());
  } catch (const DataError&) {
    return {};
  }
}

}  // namespace glid
