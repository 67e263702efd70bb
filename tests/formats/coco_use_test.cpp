// Ground truths of which a task uses a part: what it doesn't use may be anything, what the official tool leaves out is left
// out, both are counted.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "formats/coco_files.h"
#include "formats/golden.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/formats/coco_json.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr CocoUse kBoxes{.learning = false, .files = false, .sizes = false, .masks = false, .keypoints = false};
constexpr CocoUse kMasks{.learning = false, .files = false, .boxes = false, .keypoints = false};
constexpr CocoUse kPoses{.learning = false, .files = false, .sizes = false, .masks = false};

const std::string kTruth = R"({
  "images": [{"id": 1, "file_name": "1.jpg", "height": 100, "width": 120},
             {"id": 2, "file_name": "2.jpg", "height": 100, "width": 120}],
  "categories": [{"id": 1, "name": "cell", "supercategory": "thing", "isthing": 1, "keypoints": ["a"],
                  "skeleton": [[1, 1]]}],
  "annotations": [
    {"id": 4, "image_id": 1, "category_id": 1, "bbox": [10, 20, 30, 40], "area": 1200, "iscrowd": 0, "num_keypoints": 1,
     "keypoints": [1, 2, 2], "segmentation": [[10, 20, 40, 20, 40, 60, 10, 60]]},
    {"id": 5, "image_id": 2, "category_id": 1, "bbox": [10, 20, 30, 40], "area": 1200, "iscrowd": 0, "num_keypoints": 1,
     "keypoints": [1, 2, 2], "segmentation": [[10, 20, 40, 20, 40, 60, 10, 60]]}]})";

// The truth with the first `old` replaced.
std::string with(const std::string& old, const std::string& by) {
  std::string json = kTruth;
  return json.replace(json.find(old), old.size(), by);
}
std::string with_segmentation(const std::string& shape) { return with("[[10, 20, 40, 20, 40, 60, 10, 60]]", shape); }

CocoIndex parse(const std::string& json, const CocoUse& use) { return CocoIndex::parse(json, "truth.json", use); }

// One value of `field` is counted, and what is used is as in a good file.
void expect_unread(const std::string& json, const CocoUse& use, const std::string& field, const std::string& first) {
  SCOPED_TRACE(json);
  const CocoIndex index = parse(json, use);
  EXPECT_EQ(index.notes().unread, (std::map<std::string, Tally>{{field, {1, first}}}));
  ASSERT_EQ(index.annotations().size(), 2u);
  EXPECT_EQ(index.images().size(), 2u);
  const CocoIndex good = parse(kTruth, use);
  EXPECT_TRUE(good.notes().unread.empty());
  for (size_t i = 0; i < 2; ++i) {
    const CocoAnnotation &annotation = index.annotations()[i], &expected = good.annotations()[i];
    if (use.boxes) EXPECT_EQ(annotation.box, expected.box);
    EXPECT_EQ(annotation.area, expected.area);
    EXPECT_EQ(annotation.image, expected.image);
    EXPECT_EQ(index.keypoints(annotation).size(), good.keypoints(expected).size());
    if (use.masks) EXPECT_EQ(index.segmentation(annotation), good.segmentation(expected));
  }
}

void expect_refused(const std::string& json, const CocoUse& use, const std::string& message) {
  EXPECT_THAT([&] { parse(json, use); }, ThrowsMessage<DataError>(HasSubstr(message))) << json;
}

TEST(CocoUse, OddMasksDontMatterToBoxesAndPoses) {
  const auto expect = [](const std::string& shape, const std::string& what) {
    for (const CocoUse& use : {kBoxes, kPoses})
      expect_unread(with_segmentation(shape), use, "segmentation", "annotation 1 (id 4): " + what);
    expect_refused(with_segmentation(shape), kMasks, "truth.json: annotation 1 (id 4): " + what);
  };
  expect("[[10, 20, 40, 60]]", "has a polygon with fewer than 6 numbers (got 4)");
  expect("[[]]", "has a polygon with fewer than 6 numbers (got 0)");
  expect("[10, 20, 40, 20, 40, 60]", "\"segmentation\" is not a list (got 10)");
  expect("[[[10, 20], [40, 20], [40, 60]]]", "\"segmentation\" is not a finite number (got [)");
  expect("\"\"", "\"segmentation\" is not a list of polygons or run lengths (got \"\")");
  expect("NaN", "\"segmentation\" is not a list of polygons or run lengths (got NaN)");
  expect("{}", "its segmentation has no \"counts\"");
  expect(R"({"size": [120, 100], "counts": [0, 12000]})", "its mask's size is not its image's, 100 x 120 (got 120 x 100)");
  expect(R"({"size": [100, 120], "counts": [10, 20]})",
         "has run lengths shorter than the 12000 pixels of its image (got 30)");
}

TEST(CocoUse, OddImagesAndCategories) {
  const auto expect = [](const std::string& old, const std::string& by, const std::string& field, const std::string& first) {
    for (const CocoUse& use : {kBoxes, kPoses}) expect_unread(with(old, by), use, field, first);
  };
  expect("\"1.jpg\"", "1", "file_name", "image 1 (id 1): \"file_name\" is not a string (got 1)");
  expect("100", "\"100\"", "height", "image 1 (id 1): \"height\" is not an integer (got \"100\")");
  expect("100", "-1", "height", "image 1 (id 1): has no possible height and width (got -1 x 120)");
  expect("\"height\": 100, ", "", "height", "image 1 (id 1): has no possible height and width (got 0 x 120)");
  expect("\"cell\"", "7", "name", "category 1 (id 1): \"name\" is not a string (got 7)");
  expect("\"thing\"", "7", "supercategory", "category 1 (id 1): \"supercategory\" is not a string (got 7)");
  expect("\"isthing\": 1", "\"isthing\": \"yes\"", "isthing",
         "category 1 (id 1): \"isthing\" is not an integer (got \"yes\")");
  expect("[[1, 1]]", "[1]", "skeleton", "category 1 (id 1): \"skeleton\" is not a list (got 1)");
  expect_unread(with("[\"a\"]", "[1, 2]"), kBoxes, "keypoints", "category 1 (id 1): \"keypoints\" is not a string (got 1)");
  expect_refused(with("[\"a\"]", "[1, 2]"), kPoses, "category 1 (id 1): \"keypoints\" is not a string (got 1)");
  expect_refused(with("100", "\"100\""), kMasks, "image 1 (id 1): \"height\" is not an integer");
  expect_refused(with("\"1.jpg\"", "1"), {}, "image 1 (id 1): \"file_name\" is not a string");
  const CocoIndex index = parse(with("\"cell\"", "7"), {});
  EXPECT_EQ(index.text(index.categories()[0].name), "7");
}

TEST(CocoUse, OddBoxesAreasAndJoints) {
  expect_unread(with("[10, 20, 30, 40]", "[10, 20]"), kMasks, "bbox",
                "annotation 1 (id 4): \"bbox\" is not four numbers (got 2 numbers)");
  expect_refused(with("[10, 20, 30, 40]", "[10, 20]"), kBoxes, "\"bbox\" is not four numbers");
  for (const CocoUse& use : {kBoxes, kMasks}) {
    expect_unread(
        with("[1, 2, 2]", "[1, 2]"), use, "keypoints",
        "annotation 1 (id 4): its keypoints are not 3 numbers for each of the category's 1 joints (got 2 numbers)");
    expect_unread(with("\"num_keypoints\": 1", "\"num_keypoints\": \"1\""), use, "num_keypoints",
                  "annotation 1 (id 4): \"num_keypoints\" is not an integer (got \"1\")");
    expect_refused(with("1200", "\"1200\""), use, "annotation 1 (id 4): \"area\" is not a finite number (got \"1200\")");
  }
  expect_refused(with("[1, 2, 2]", "[1, 2]"), kPoses, "its keypoints are not 3 numbers");
  CocoUse without_areas = kBoxes;
  without_areas.areas = false;
  EXPECT_EQ(parse(with("1200", "\"1200\""), without_areas).notes().unread.at("area").count, 1);
}

TEST(CocoUse, OddFlagsOfDifficultObjects) {
  for (const CocoUse& use : {kBoxes, kMasks, kPoses})
    expect_unread(with("\"iscrowd\": 0", "\"ignore\": NaN"), use, "difficult",
                  "annotation 1 (id 4): \"difficult\" is not a finite number (got NaN)");
}

// Only whether two are equal is ever asked.
TEST(CocoUse, AnnotationIdsMayBeAnything) {
  for (const char* id : {"9223372036854775813", "\"4\"", "4.5", "null"}) {
    const CocoIndex index = parse(with("\"id\": 4", format("\"id\": {}", id)), kBoxes);
    EXPECT_EQ(index.notes().unread.at("id").count, 1);
    EXPECT_THAT(index.notes().unread.at("id").first, HasSubstr(format("annotation 1 (id {})", id)));
    EXPECT_EQ(index.notes().repeated_annotation_ids, 0);
    EXPECT_EQ(index.name_of(index.annotations()[0]), "annotation 1");
    std::string both = with("\"id\": 4", format("\"id\": {}", id));
    both.replace(both.find("\"id\": 5"), 7, format("\"id\": {}", id));
    EXPECT_EQ(parse(both, kBoxes).notes().repeated_annotation_ids, 1);
  }
}

TEST(CocoUse, WhatIsNotListedIsLeftOutWhateverItHolds) {
  const auto more = [](const std::string& members) {
    return with("{\"id\": 5,",
                "{\"id\": 9, " + members + R"(, "bbox": "none", "area": {}, "segmentation": [[1]]}, {"id": 5,)");
  };
  for (const CocoUse& use : {kBoxes, kMasks, kPoses}) {
    const CocoIndex index = parse(more(R"("image_id": 77, "category_id": 1)"), use);
    EXPECT_EQ(index.notes().of_no_image, (Tally{1, "annotation 2 (id 9): image_id 77"}));
    ASSERT_EQ(index.annotations().size(), 2u);
    EXPECT_EQ(index.name_of(index.annotations()[1]), "annotation 3 (id 5)");
    EXPECT_EQ(parse(more(R"("image_id": 1, "category_id": 77)"), use).notes().of_no_category,
              (Tally{1, "annotation 2 (id 9): category_id 77"}));
    EXPECT_THAT(index.notes().lines(),
                testing::Contains(HasSubstr("1 annotation left out: the file doesn't list their image "
                                            "(first: annotation 2 (id 9): image_id 77)")));
  }
}

TEST(CocoUse, ToLearnFromEverythingMustBeListed) {
  expect_refused(with("\"image_id\": 1", "\"image_id\": 77"), {},
                 "truth.json: annotation 1 (id 4): belongs to no image of the file (got image_id 77)");
  expect_refused(with("\"category_id\": 1", "\"category_id\": 77"), {},
                 "truth.json: annotation 1 (id 4): belongs to no category of the file (got category_id 77)");
}

TEST(CocoUse, AnIdOfTheOtherKindIsAnErrorAndNoneThatIsNotListed) {
  expect_refused(
      with("\"image_id\": 1", "\"image_id\": \"1\""), kBoxes,
      "annotation 1 (id 4): belongs to no image of the file (got image_id \"1\", a string; the images' ids are numbers)");
  std::string json = with("{\"id\": 1, \"file_name\": \"1.jpg\"", "{\"id\": \"1\"");
  json.replace(json.find("{\"id\": 2, \"file_name\": \"2.jpg\""), 9, "{\"id\": \"2\",");
  expect_refused(json, kBoxes, "(got image_id 1, a number; the images' ids are strings)");
}

// pycocotools looks annotations up by their ids, where the last one has taken the place of all others.
TEST(CocoUse, AnAnnotationWhoseIdOneThatIsLeftOutHasBehindIt) {
  const auto flags = [](const std::string& json) {
    std::vector<bool> flags;
    for (const CocoAnnotation& annotation : parse(json, kBoxes).annotations()) flags.push_back(annotation.is_replaced);
    return flags;
  };
  const std::string first = R"({"id": 4, "image_id": 77, "category_id": 1}, )";
  EXPECT_THAT(flags(with("{\"id\": 4,", first + "{\"id\": 4,")), ElementsAre(false, false));
  EXPECT_THAT(flags(with("{\"id\": 5,", first + "{\"id\": 5,")), ElementsAre(true, false));
  EXPECT_THAT(flags(with("{\"id\": 5,", first + "{\"id\": 4,")), ElementsAre(false, false));
}

TEST(CocoUse, TheLastOfRepeatedImagesAndCategoriesCounts) {
  const std::string images =
      with("{\"id\": 2, \"file_name\"", R"({"id": 1, "height": 7, "width": 9}, {"id": 2, "file_name")");
  const CocoIndex index = parse(images, kBoxes);
  ASSERT_EQ(index.images().size(), 2u);
  EXPECT_EQ(index.images()[0].height, 7);
  EXPECT_EQ(index.notes().repeated_images, (Tally{1, "image 2 (id 1)"}));
  expect_refused(images, {}, "image 2: has the id of an earlier one (got 1)");
  const std::string categories = with("{\"id\": 1, \"name\"", R"({"id": 1, "name": "old"}, {"id": 1, "name")");
  EXPECT_EQ(parse(categories, kBoxes).notes().repeated_categories, (Tally{1, "category 2 (id 1)"}));
  EXPECT_EQ(parse(categories, kBoxes).text(parse(categories, kBoxes).categories()[0].name), "cell");
  expect_refused(categories, {}, "category 2: has the id of an earlier one (got 1)");
}

TEST(CocoUse, ImagesAlone) {
  const CocoUse use = CocoUse::images();
  const CocoIndex index = parse(with_segmentation("[[1, 2, 30, 40]]"), use);
  ASSERT_EQ(index.images().size(), 2u);
  EXPECT_EQ(index.text(index.images()[1].file_name), "2.jpg");
  EXPECT_TRUE(index.annotations().empty() && index.categories().empty());
  EXPECT_THAT(index.notes().losses(), ElementsAre(HasSubstr("1 value of \"segmentation\" that can't be read")));
  EXPECT_EQ(parse(with("\"image_id\": 1, ", ""), use).notes().unreadable,
            (Tally{1, "annotation 1 (id 4): has no \"image_id\""}));
  for (const char* json : {R"({"images": [{"id": 1, "file_name": "a.jpg"}]})",
                           R"({"images": [{"id": 1, "file_name": "a.jpg"}], "annotations": null, "categories": {}})"})
    EXPECT_EQ(parse(json, use).images().size(), 1u) << json;
  expect_refused(R"({"annotations": []})", use, "has no \"images\"");
  expect_refused(with("\"1.jpg\"", "1"), use, "\"file_name\" is not a string");
}

TEST(CocoUse, WhatIsNoJsonIsNeverForgiven) {
  for (const CocoUse& use : {kBoxes, kPoses, CocoUse::images()}) {
    expect_refused(with_segmentation(""), use, "is not valid JSON");
    expect_refused(with_segmentation("[[1, 2]"), use, "is not valid JSON");
    expect_refused(with_segmentation("[[1, 2]]]"), use, "is not valid JSON");
    expect_error_when_cut(kTruth, [&](const std::string& json) { parse(json, use); });
    survive_mutations(kTruth, 2000, [&](const std::string& json) { parse(json, use); });
    survive_mutations(kSmallTruth, 1000, [&](const std::string& json) { parse(json, use); });
  }
}

TEST(CocoUse, TextBehindTheEndIsNamed) {
  expect_refused(kTruth + "\n {\"images\": []}", {},
                 "truth.json:11: has text behind the end of its JSON (got {\"images\": []})");
  expect_refused(kTruth + "]", kBoxes, "has text behind the end of its JSON (got ])");
  expect_refused(kTruth + "\nEOF", kBoxes, "has text behind the end of its JSON (got EOF)");
}

TEST(CocoUse, AByteOrderMarkIsSkipped) {
  EXPECT_EQ(parse("\xEF\xBB\xBF" + kTruth, {}).annotations().size(), 2u);
  expect_refused(std::string("\xFF\xFE{\0}\0", 6), {}, "truth.json: is a text in UTF-16; save it as UTF-8");
}

}  // namespace
}  // namespace glid
