#include "glid/data/person_boxes.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/formats/result_boxes.h"

namespace glid {
namespace {

constexpr double kLargestPx = 1e9;

std::string text_of(const ImageId& id) {
  const int64_t* number = std::get_if<int64_t>(&id);
  return number != nullptr ? std::to_string(*number) : std::get<std::string>(id);
}

}  // namespace

std::vector<Person> read_persons(const std::filesystem::path& file, const AnnotatedDataset& images,
                                 const PersonBoxChoice& choice) {
  std::unordered_map<std::string, int64_t> ids;
  for (int64_t id = 0; id < images.size(); ++id) ids[text_of(images.image_id(id))] = id;
  std::vector<Person> persons;
  int64_t number = 0, num_others = 0, num_other_categories = 0, num_empty = 0;
  for_each_result_box(file, [&](const ResultBox& found) {
    ++number;
    const auto image = ids.find(text_of(found.image_id));
    const Box box = to_corners(found.box);
    if (!(std::max({-box.x0, -box.y0, box.x1, box.y1}) < kLargestPx))
      throw DataError("", "\"bbox\" is beyond any image",
                      format("[{}, {}, {}, {}]", found.box.x, found.box.y, found.box.width, found.box.height));
    if (image == ids.end()) ++num_others;
    else if (found.category_id != choice.category_id) ++num_other_categories;
    else if (!(box.x0 < box.x1 && box.y0 < box.y1)) ++num_empty;
    else if (found.score >= choice.min_score) persons.push_back({.image = image->second, .box = box, .score = found.score});
  });
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
