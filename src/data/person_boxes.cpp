#include "glid/data/person_boxes.h"

#include <map>
#include <optional>
#include <string>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/log.h"

namespace glid {
namespace {

std::string text_of(const ImageId& id) {
  const int64_t* number = std::get_if<int64_t>(&id);
  return number != nullptr ? std::to_string(*number) : std::get<std::string>(id);
}

// Numbers stand there as they are, texts in quotes.
std::string text_of_id(const Json& id) {
  const std::string text = id.dump();
  return text.starts_with('"') ? id.as_string() : text;
}

// None: it is about another image.
std::optional<Person> person_of_record(const Json& record, const std::map<std::string, int64_t>& images) {
  const auto found = images.find(text_of_id(record.at("image_id")));
  const Json::Array& box = record.at("bbox").as_array();
  if (box.size() != 4) throw DataError("bbox", "must be four numbers", record.at("bbox").dump());
  if (found == images.end()) return std::nullopt;
  const BoxXywh corner_and_size{box[0].as_double(), box[1].as_double(), box[2].as_double(), box[3].as_double()};
  return Person{.image = found->second, .box = to_corners(corner_and_size), .score = record.at("score").as_double()};
}

}  // namespace

std::vector<Person> read_persons(const std::filesystem::path& file, const AnnotatedDataset& images,
                                 const PersonBoxChoice& choice) {
  std::map<std::string, int64_t> ids;
  for (int64_t id = 0; id < images.size(); ++id) ids[text_of(images.image_id(id))] = id;
  const Json records = Json::parse(read_file(file), file.string());
  if (records.is_object())
    throw DataError(file.string(), "is one object, and boxes are a list as COCO's results are", {},
                    records.find("annotations") ? "these are annotations: glid_predict of a detector writes results" : "");
  std::vector<Person> persons;
  int64_t number = 0, num_others = 0, num_other_categories = 0, num_empty = 0;
  for (const Json& record : records.as_array()) try {
      ++number;
      const std::optional<Person> person = person_of_record(record, ids);
      if (!person) ++num_others;
      else if (record.at("category_id").as_int() != choice.category_id) ++num_other_categories;
      else if (!(person->box.x0 < person->box.x1 && person->box.y0 < person->box.y1)) ++num_empty;
      else if (*person->score >= choice.min_score) persons.push_back(*person);
    } catch (const DataError& error) {
      throw DataError(format("{}: record {}", file.string(), number), error.what());
    }
  if (number > 0 && num_others == number)
    throw DataError(file.string(), "is about none of the images", {},
                    "ids are names, numbers as COCO's files have them, or those of --annotations");
  if (num_other_categories > 0 && num_others + num_other_categories == number)
    throw DataError(file.string(), format("has no box of the category {}", choice.category_id),
                    format("{} of others", num_other_categories),
                    "category_id is as in the data that the model learned from");
  if (num_other_categories > 0)
    log_warning("{}: {} of {} boxes are of other categories than {}", file.string(), num_other_categories, number,
                choice.category_id);
  if (num_empty > 0) log_warning("{}: {} of {} boxes are empty and left out", file.string(), num_empty, number);
  if (num_others > 0) log_warning("{}: {} of {} boxes are of other images", file.string(), num_others, number);
  return persons;
}

}  // namespace glid
