#include "glid/formats/result_boxes.h"

#include <optional>

#include "coco_reader.h"

namespace glid {
namespace {

ResultBox result_box(JsonValue record) {
  std::optional<CocoImageId> image_id;
  std::optional<int64_t> category_id;
  std::optional<BoxXywh> box;
  std::optional<double> score;
  for_each_field_of(record, "results", [&](JsonKey key, JsonValue value) {
    if (key == "image_id") image_id = to_image_id(read_id(value, "image_id"));
    else if (key == "category_id") category_id = read_integer_id(value, "category_id").number;
    else if (key == "bbox") box = read_box(value, "bbox");
    else if (key == "score") score = read_number(value, "score");
  });
  require(image_id.has_value(), "image_id");
  require(category_id.has_value(), "category_id");
  require(box.has_value(), "bbox");
  require(score.has_value(), "score");
  return {std::move(*image_id), *category_id, *box, *score};
}

}  // namespace

void for_each_result_box(const std::filesystem::path& file, const std::function<void(const ResultBox&)>& each) {
  const MappedFile mapped(file, simdjson::SIMDJSON_PADDING);
  in_file(file.string(), mapped.text(), [&] {
    simdjson::ondemand::parser parser;
    simdjson::ondemand::document document = JsonText::walk(mapped.text(), parser);
    for_each_record(
        root_list(document, "is no list of boxes as COCO's results are, which glid_predict of a detector writes"), "result",
        [&](JsonValue value, const RecordName&) { each(result_box(value)); });
    expect_end(document);
  });
}

}  // namespace glid
