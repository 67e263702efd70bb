#include "glid/formats/panoptic_json.h"

#include <gtest/gtest.h>

#include "formats/golden.h"
#include "glid/core/error.h"

namespace glid {
namespace {

const std::string kTruth = R"({
  "images": [{"id": 9, "file_name": "9.jpg", "height": 2, "width": 3}, {"id": 4, "file_name": "4.jpg"}],
  "annotations": [
    {"image_id": 9, "file_name": "9.png", "segments_info": [
      {"id": 3226956, "category_id": 21, "area": 5, "bbox": [0, 0, 3, 2], "iscrowd": 0},
      {"id": 7, "category_id": 1, "area": 1, "iscrowd": 1}]},
    {"image_id": 4, "file_name": "4.png", "segments_info": []}],
  "categories": [{"id": 21, "name": "cow", "isthing": 1}, {"id": 1, "name": "wall", "isthing": 0}]
})";

PanopticJson parse(const std::string& json, PanopticRole role = PanopticRole::kTruth) {
  return parse_panoptic_json(json, "panoptic.json", role);
}

// Replaces `old` in the truth; expects the whole line of the error.
void expect_error(const std::string& old, const std::string& by, const std::string& line) {
  std::string json = kTruth;
  json.replace(json.find(old), old.size(), by);
  try {
    parse(json, PanopticRole::kTraining);
    ADD_FAILURE() << "no error: " << line;
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), "panoptic.json: " + line);
  }
}

TEST(PanopticJson, Truth) {
  const PanopticJson json = parse(kTruth);
  EXPECT_EQ(json.where, "panoptic.json");
  EXPECT_TRUE(json.images.empty());
  ASSERT_EQ(json.annotations.size(), 2u);
  EXPECT_EQ(json.annotations[0].image_id, CocoImageId(int64_t{9}));
  EXPECT_EQ(json.annotations[0].file_name, "9.png");
  ASSERT_EQ(json.annotations[0].segments.size(), 2u);
  EXPECT_EQ(json.annotations[0].segments[0].id, 3226956);
  EXPECT_EQ(json.annotations[0].segments[0].area, 5.0);
  EXPECT_TRUE(json.annotations[0].segments[1].is_crowd);
  EXPECT_EQ(json.categories[0].id, 1);
  EXPECT_TRUE(json.categories[1].is_thing);
}

TEST(PanopticJson, ATruthToLearnFrom) {
  const PanopticJson json = parse(kTruth, PanopticRole::kTraining);
  ASSERT_EQ(json.images.size(), 2u);
  EXPECT_EQ(json.images[0].width, 3);
  EXPECT_TRUE(json.annotations[0].segments[1].is_crowd);
  EXPECT_FALSE(json.annotations[0].segments[0].area);
  EXPECT_TRUE(json.notes.lines().empty());
}

TEST(PanopticJson, WhatIsOfNoUseMayBeAnything) {
  const auto read = [](const std::string& old, const std::string& by, PanopticRole role) {
    std::string json = kTruth;
    return parse(json.replace(json.find(old), old.size(), by), role);
  };
  for (const char* images : {"{}", "[{}]", "[{\"id\": 9, \"height\": \"2\"}]"}) {
    const std::string list = kTruth.substr(kTruth.find('['), kTruth.find("],") + 1 - kTruth.find('['));
    EXPECT_EQ(read(list, images, PanopticRole::kTruth).annotations.size(), 2u);
  }
  EXPECT_EQ(read("[0, 0, 3, 2]", "\"none\"", PanopticRole::kTruth).annotations.size(), 2u);
  EXPECT_EQ(read("\"area\": 5", "\"area\": \"5\"", PanopticRole::kTraining).annotations.size(), 2u);
  EXPECT_EQ(read("\"area\": 5", "\"area\": \"5\"", PanopticRole::kPrediction).annotations.size(), 2u);
  const PanopticJson named = read("\"wall\"", "7", PanopticRole::kTruth);
  EXPECT_EQ(named.categories[0].name, "7");
  EXPECT_EQ(named.notes.unread.at("name"), (Tally{1, "category 2 (id 1): \"name\" is not a string (got 7)"}));
}

TEST(PanopticJson, SegmentsOfNoCategoryAreLeftOutOfAnEvaluation) {
  std::string json = kTruth;
  json.replace(json.find("\"category_id\": 1,"), 16, "\"category_id\": 2");
  const PanopticJson read = parse(json);
  EXPECT_EQ(read.annotations[0].segments.size(), 1u);
  EXPECT_EQ(read.notes.of_no_category, (Tally{1, "annotation 1 (id 9): segment 7: category_id 2"}));
}

TEST(PanopticJson, APredictionMayHaveAnnotationsAlone) {
  const PanopticJson json = parse(
      R"({"annotations": [{"image_id": "ADE_1", "file_name": "ADE_1.png", "segments_info": [
            {"id": 1, "category_id": 500}]}]})",
      PanopticRole::kPrediction);
  EXPECT_EQ(json.annotations[0].image_id, CocoImageId(std::string("ADE_1")));
  EXPECT_FALSE(json.annotations[0].segments[0].area);
  EXPECT_TRUE(json.images.empty() && json.categories.empty());
}

TEST(PanopticJson, BadRecords) {
  expect_error("\"image_id\": 4", "\"image_id\": 9",
               "annotation 2 (id 9): is for an image that an earlier annotation is for");
  expect_error("\"image_id\": 4", "\"image_id\": \"4\"",
               "annotation 2 (id \"4\"): belongs to no image of the file (got image_id \"4\", a string; the images' ids are "
               "numbers)");
  expect_error("\"image_id\": 4", "\"image\": 4", "annotation 2: has no \"image_id\"");
  expect_error("\"file_name\": \"4.png\"", "\"file\": 1", "annotation 2 (id 4): has no \"file_name\"");
  expect_error("\"segments_info\": []", "\"segments\": []", "annotation 2 (id 4): has no \"segments_info\"");
  expect_error("\"id\": 7", "\"id\": 3226956",
               "annotation 1 (id 9): segment 2 (id 3226956): has the id of an earlier segment");
  expect_error("\"id\": 7", "\"id\": 0",
               "annotation 1 (id 9): segment 2 (id 0): has an id that no pixel of a segment can hold (got 0)");
  expect_error("\"id\": 7", "\"id\": 16777216",
               "annotation 1 (id 9): segment 2 (id 16777216): has an id that no pixel of a segment can hold (got 16777216)");
  expect_error("\"category_id\": 1", "\"category_id\": 2",
               "annotation 1 (id 9): segment 7: belongs to no category of the file (got category_id 2)");
  expect_error("\"id\": 4,", "\"id\": 9,", "image 2 (id 9): has the id of an earlier image");
  expect_error("{\"id\": 1,", "{\"id\": 21,", "category 2 (id 21): has the id of an earlier category");
  expect_error(", \"isthing\": 0", "", "category 2 (id 1): has no \"isthing\"");
  expect_error("\"annotations\"", "\"annotation\"", "has no \"annotations\"");
  expect_error("\"categories\"", "\"category\"", "has no \"categories\"");
}

TEST(PanopticJson, AnAnnotationOfNoImageIsNotLearnedFrom) {
  std::string json = kTruth;
  json.replace(json.find("\"image_id\": 4"), 13, "\"image_id\": 5");
  EXPECT_EQ(parse(json, PanopticRole::kTraining).notes.of_no_image, (Tally{1, "annotation 2 (id 5)"}));
  EXPECT_EQ(parse(json).notes.of_no_image, Tally{});
}

TEST(PanopticJson, BadFiles) {
  std::string json = kTruth;
  json.replace(json.find("\"area\": 5"), 9, "\"area\": NaN");
  EXPECT_THROW(parse(json), DataError);
  EXPECT_EQ(parse("\xEF\xBB\xBF" + kTruth).annotations.size(), 2u);
  EXPECT_THROW(parse("[]"), DataError);
  EXPECT_THROW(read_panoptic_json("no_such_file.json", PanopticRole::kTruth), DataError);
  expect_error_when_cut(kTruth, [](const std::string& json) { parse(json); });
  for (const PanopticRole role : {PanopticRole::kTruth, PanopticRole::kPrediction, PanopticRole::kTraining})
    survive_mutations(kTruth, 2000, [role](const std::string& json) { parse(json, role); });
}

}  // namespace
}  // namespace glid
