#include "coco_lists.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "glid/formats/category_names.h"

namespace glid {
namespace {

constexpr int64_t kMaxPixels = UINT32_MAX;  // what run lengths count in

void check_size(const CocoImage& image) {
  if (image.height < 0 || image.width < 0 || (image.height > 0) != (image.width > 0) ||
      (image.height > 0 && image.width > kMaxPixels / image.height))
    throw DataError("", "has no possible height and width", format("{} x {}", image.height, image.width));
}

bool is_used(const CocoUse& use, std::string_view field) {
  if (field == "file_name") return use.files;
  if (field == "height" || field == "width") return use.sizes;
  if (field == "bbox") return use.boxes;
  if (field == "area") return use.areas;
  if (field == "segmentation") return use.masks;
  if (field == "keypoints" || field == "num_keypoints") return use.keypoints;
  if (field == "skeleton") return use.keypoints && use.learning;  // drawn, never measured
  return field == "image_id" || field == "category_id" || field == "iscrowd";
}

}  // namespace

void count_faults(const FieldFaults& faults, const CocoUse& use, const RecordName& name, CocoNotes& notes) {
  faults.throw_used([&](std::string_view field) { return is_used(use, field); });
  faults.count(name, notes.unread);
}

// Of rows sorted by id. `legal` counts those that an official tool passes over too; without it they are an error.
template <typename Row, typename Id>
void CocoLists::drop_repeated(std::vector<Numbered<Row>>& rows, std::string_view kind, Tally* legal, Id id_of) {
  size_t kept = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool is_repeated = i > 0 && id_of(rows[i].row) == id_of(rows[kept - 1].row);
    if (is_repeated && !legal)
      on_error_(format("{} {}", kind, rows[i].number), DataError("", "has the id of an earlier one", id_of(rows[i].row)));
    else if (is_repeated) legal->add(format("{} {} (id {})", kind, rows[i].number, id_of(rows[i].row)));
    rows[is_repeated ? kept - 1 : kept++] = rows[i];
  }
  rows.resize(kept);
}

void CocoLists::read_images(JsonValue list) {
  for_each_record_of(
      list, "images", "image", [&](JsonValue value, RecordName& name) { read_image(value, name); }, on_error_);
  const bool are_texts = !images_.empty() && images_[0].row.id_text.size > 0;
  const auto text_of = [&](const Numbered<CocoImage>& image) { return tables_.text_of(image.row.id_text); };
  if (are_texts) std::ranges::stable_sort(images_, {}, text_of);
  else std::ranges::stable_sort(images_, {}, [](const Numbered<CocoImage>& image) { return image.row.id; });
  drop_repeated(images_, "image", use_.files ? nullptr : &tables_.notes.repeated_images, [&](const CocoImage& image) {
    return are_texts ? to_string(CocoImageId(std::string(tables_.text_of(image.id_text)))) : std::to_string(image.id);
  });
  for (const auto& image : images_) tables_.images.push_back(image.row);
}

void CocoLists::read_image(JsonValue value, RecordName& name) {
  faults_.clear();
  CocoImage image;
  bool has_size = true;
  const auto read_side = [&](std::string_view key, JsonValue field, int64_t& side) {
    has_size &= faults_.guard(key, [&] { side = is_null(field) ? 0 : read_integer(field, key); });
  };
  for_each_field_of(value, "images", [&](JsonKey key, JsonValue field) {
    if (key == "id") name.id = read_id(field, "id");
    else if (key == "height") read_side("height", field, image.height);
    else if (key == "width") read_side("width", field, image.width);
    else if (key == "file_name")
      faults_.guard("file_name", [&] {
        if (!is_null(field)) image.file_name = tables_.add_text(read_text(field, "file_name"));
      });
  });
  require(name.id.has_value(), "id");
  if (name.id->is_text) image.id_text = tables_.add_text(name.id->text);
  image.id = name.id->number;
  if (!has_size || !faults_.guard("height", [&] { check_size(image); })) image.height = image.width = 0;
  if (!images_.empty() && (images_[0].row.id_text.size > 0) != name.id->is_text)
    throw DataError("", "mixes ids that are integers and strings");
  images_.push_back({image, name.number});
  count_faults(faults_, use_, name, tables_.notes);
}

void CocoLists::read_categories(JsonValue list) {
  for_each_record_of(
      list, "categories", "category", [&](JsonValue value, RecordName& name) { read_category(value, name); }, on_error_);
  const auto id_of = [](const Numbered<CocoCategory>& category) { return category.row.id; };
  std::ranges::stable_sort(categories_, {}, id_of);
  drop_repeated(categories_, "category", use_.learning ? nullptr : &tables_.notes.repeated_categories,
                [](const CocoCategory& category) { return std::to_string(category.id); });
  std::vector<CategoryName> names;
  for (const auto& category : categories_)
    names.push_back({category.row.id, std::string(tables_.text_of(category.row.name))});
  tell_apart(names);
  for (size_t i = 0; i < names.size(); ++i) {
    CocoCategory& category = tables_.categories.emplace_back(categories_[i].row);
    if (names[i].name.size() != category.name.size) category.name = tables_.add_text(names[i].name);
  }
}

void CocoLists::read_category(JsonValue value, RecordName& name) {
  faults_.clear();
  CocoCategory category;
  for_each_field_of(value, "categories", [&](JsonKey key, JsonValue field) {
    if (key == "id") category.id = (name.id = read_integer_id(field, "id"))->number;
    else read_category_field(key, field, category);
  });
  require(name.id.has_value(), "id");
  categories_.push_back({category, name.number});
  count_faults(faults_, use_, name, tables_.notes);
}

void CocoLists::read_category_field(JsonKey key, JsonValue value, CocoCategory& category) {
  if (key == "name") {
    if (!faults_.guard("name", [&] { category.name = tables_.add_text(read_text(value, "name")); }))
      category.name = tables_.add_text(as_written(value));
  } else if (key == "supercategory") {
    faults_.guard("supercategory", [&] {
      if (!is_null(value)) category.supercategory = tables_.add_text(read_text(value, "supercategory"));
    });
  } else if (key == "isthing") {
    faults_.guard("isthing", [&] { category.is_thing = read_flag(value, "isthing"); });
  } else if (key == "keypoints") {
    faults_.guard("keypoints", [&] { category.joints = read_joints(value); });
  } else if (key == "skeleton") {
    faults_.guard("skeleton", [&] { category.skeleton = read_skeleton(value); });
  }
}

CocoRange CocoLists::read_joints(JsonValue value) {
  CocoRange range{tables_.joint_names.size()};
  for_each_element_of(value, "keypoints", [&](JsonValue joint) {
    tables_.joint_names.push_back(tables_.add_text(read_text(joint, "keypoints")));
  });
  range.end = tables_.joint_names.size();
  return range;
}

CocoRange CocoLists::read_skeleton(JsonValue value) {
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

}  // namespace glid
