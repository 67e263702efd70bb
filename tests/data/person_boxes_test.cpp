#include "glid/data/person_boxes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/data/image_list.h"
#include "glid/data/persons.h"
#include "support/temporary_folder.h"
#include "write_images.h"

namespace glid {
namespace {

using testing::HasSubstr;

class PersonBoxes : public testing::Test {
 protected:
  PersonBoxes() {
    for (const char* name : {"in/7.jpg", "in/a.jpg"}) write_numbered_image(folder_.path() / name, 1);
  }
  std::shared_ptr<const ImageList> images() const { return std::make_shared<ImageList>(folder_.path() / "in"); }
  std::vector<Person> read(const std::string& json, const PersonBoxChoice& choice = {}) const {
    write_text(folder_.path() / "boxes.json", json);
    return read_persons(folder_.path() / "boxes.json", *images(), choice);
  }
  std::string refusal_of(const std::string& json) const {
    try {
      read(json);
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  }

  TemporaryFolder folder_;
};

TEST_F(PersonBoxes, AreOfImagesByTheirIds) {
  const std::vector<Person> persons = read(R"([{"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4], "score": 0.5},
    {"image_id": 7, "category_id": 1, "bbox": [0, 0, 9, 9], "score": 0.25},
    {"image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "score": 1},
    {"image_id": 8, "category_id": 1, "bbox": [0, 0, 9, 9], "score": 1}])",
                                           {.category_id = 1, .min_score = 0.25});
  EXPECT_EQ(persons, (std::vector<Person>{{.image = 1, .box = {1, 2, 4, 6}, .score = 0.5},
                                          {.image = 0, .box = {0, 0, 9, 9}, .score = 0.25}}));
  EXPECT_TRUE(read("[]").empty());
}

TEST_F(PersonBoxes, AnnotationsAreNoResults) {
  EXPECT_THAT(refusal_of(R"({"images": [], "annotations": []})"),
              HasSubstr("boxes.json: is no list of boxes as COCO's results are"));
}

TEST_F(PersonBoxes, EmptyOnesAreLeftOut) {
  const std::vector<Person> persons = read(R"([{"image_id": "a", "category_id": 1, "bbox": [20, 20, 0, 0], "score": 1},
    {"image_id": "a", "category_id": 1, "bbox": [20, 20, -5, 20], "score": 1},
    {"image_id": "a", "category_id": 1, "bbox": [1, 2, 3, 4], "score": 1}])",
                                           {.category_id = 1});
  EXPECT_EQ(persons, (std::vector<Person>{{.image = 1, .box = {1, 2, 4, 6}, .score = 1}}));
}

TEST_F(PersonBoxes, OfOthersAreRefused) {
  EXPECT_THAT(refusal_of(R"([{"image_id": 7, "category_id": 3, "bbox": [0, 0, 9, 9], "score": 1}])"),
              testing::ContainsRegex("boxes.json: has no box of the category [0-9]+ \\(got 1 of others\\)"));
  EXPECT_THAT(refusal_of(R"([{"image_id": 8, "category_id": 1, "bbox": [0, 0, 9, 9], "score": 1}])"),
              HasSubstr("boxes.json: is about none of the images"));
  EXPECT_THAT(refusal_of(R"([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 9], "score": 1}])"),
              HasSubstr("boxes.json: result 1: \"bbox\" is not four numbers (got 3 numbers)"));
  EXPECT_THAT(refusal_of(R"([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 1e200, 9], "score": 1}])"),
              HasSubstr("result 1: \"bbox\" is beyond any image"));
  EXPECT_THAT(refusal_of(R"([{"image_id": 7, "category_id": 1, "bbox": [0, 0, 9, 9]}])"),
              HasSubstr("boxes.json: result 1: has no \"score\""));
}

TEST_F(PersonBoxes, MakeSamplesOfAllImages) {
  const Persons persons = Persons::in_boxes(
      images(), {{.image = 1, .box = {0, 0, 5, 5}, .score = 0.5}, {.image = 1, .box = {2, 2, 7, 9}, .score = 0.75}});
  ASSERT_EQ(persons.size(), 3);
  EXPECT_EQ(persons.person(0), (Person{.image = 0})) << "without a person";
  EXPECT_EQ(persons.person(2), (Person{.image = 1, .of_image = 2, .box = {2, 2, 7, 9}, .score = 0.75}));
  EXPECT_EQ(persons.image_id(2), ImageId("a"));
  EXPECT_EQ(persons.get(2).image, images()->get(1).image);
}

}  // namespace
}  // namespace glid
