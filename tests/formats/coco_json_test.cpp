#include "glid/formats/coco_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "formats/coco_files.h"
#include "formats/golden.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::ElementsAre;

CocoIndex parse(const std::string& json) { return CocoIndex::parse(json, "truth.json"); }

// The whole line of the error.
void expect_error(const std::string& json, const std::string& line) {
  try {
    parse(json);
    ADD_FAILURE() << "no error: " << line;
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), "truth.json: " + line);
  }
}

// A ground truth of one image (id 7, 3 x 4) and one category (id 2) with these annotations.
std::string with_annotations(const std::string& annotations) {
  return R"({"images": [{"id": 7, "height": 3, "width": 4}], "categories": [{"id": 2, "name": "cat"}], "annotations": [)" +
         annotations + "]}";
}

// An annotation of it with these members besides.
std::string annotation(const std::string& members) {
  return R"({"id": 908, "image_id": 7, "category_id": 2, )" + members + "}";
}

void expect_annotation_error(const std::string& members, const std::string& line) {
  expect_error(with_annotations(annotation("\"area\": 1") + "," + annotation(members)), "annotation 2 (id 908): " + line);
}

TEST(CocoJson, ImagesAndCategoriesAscendAndAnnotationsKeepTheirOrder) {
  const CocoIndex index = parse(kSmallTruth);
  ASSERT_EQ(index.images().size(), 3u);
  EXPECT_EQ(index.image_id(0), CocoImageId(int64_t{5}));
  EXPECT_EQ(index.image_id(1), CocoImageId(int64_t{12}));
  EXPECT_EQ(index.image_id(2), CocoImageId(int64_t{139}));
  EXPECT_EQ(index.text(index.images()[1].file_name), "ü\"12\".jpg");
  EXPECT_EQ(index.images()[1].height, 4);
  EXPECT_EQ(index.images()[1].width, 5);
  ASSERT_EQ(index.categories().size(), 2u);
  EXPECT_EQ(index.categories()[0].id, 1);
  EXPECT_EQ(index.text(index.categories()[1].name), "猫");
  EXPECT_EQ(index.text(index.categories()[1].supercategory), "animal");
  EXPECT_THAT(index.annotations_of(0), ElementsAre(1));
  EXPECT_THAT(index.annotations_of(1), ElementsAre(0, 3));
  EXPECT_THAT(index.annotations_of(2), ElementsAre(2, 4));
  EXPECT_EQ(index.find_image(int64_t{139}), 2u);
  EXPECT_EQ(index.find_image(int64_t{6}), std::nullopt);
  EXPECT_EQ(index.find_image("139"), std::nullopt);
  EXPECT_EQ(index.find_category(90), 1u);
  EXPECT_EQ(index.find_category(2), std::nullopt);
}

TEST(CocoJson, AnnotationsHoldWhatTheFileSays) {
  const CocoIndex index = parse(kSmallTruth);
  const auto annotations = index.annotations();
  ASSERT_EQ(annotations.size(), 5u);
  EXPECT_EQ(annotations[0].id, 21);
  EXPECT_EQ(annotations[0].image, 1u);
  EXPECT_EQ(annotations[0].category, 1u);
  EXPECT_EQ(annotations[0].box, (BoxXywh{1, 1, 2, 2}));
  EXPECT_EQ(annotations[0].area, 4);
  EXPECT_FALSE(annotations[0].is_crowd);
  EXPECT_TRUE(annotations[1].is_crowd);
  EXPECT_EQ(annotations[1].area, 1200);  // 1.2e3
  EXPECT_FALSE(annotations[4].has_box || annotations[4].has_area || annotations[4].has_keypoints);
  EXPECT_EQ(annotations[4].shape, CocoShape::kNone);
}

TEST(CocoJson, MasksComeFromPolygonsRunsAndStrings) {
  const CocoIndex index = parse(kSmallTruth);
  const auto annotations = index.annotations();
  const auto polygons = index.polygons(annotations[0]);
  ASSERT_EQ(polygons.size(), 2u);
  EXPECT_THAT(polygons[0], ElementsAre(1, 1, 3, 1, 3, 3, 1, 3));
  EXPECT_EQ(rle_area(index.segmentation(annotations[0])), 4u + 1u);
  EXPECT_EQ(index.segmentation(annotations[1]), (Rle{2, 3, {0, 2, 4}}));
  EXPECT_EQ(index.segmentation(annotations[2]), (Rle{3, 2, {1, 2, 3}}));
  EXPECT_EQ(annotations[3].shape, CocoShape::kEmpty);
  EXPECT_EQ(index.segmentation(annotations[3]), (Rle{4, 5, {20}}));
}

// Numbers that are read in one scan, and every way to write one that is not, at the end of a list and within.
TEST(CocoJson, NumbersInLists) {
  for (const char* odd :
       {"7", "0.5", "12.25", "23.812584574207566", "1e2", "-3.5", "0", "1234567890123456", "0.1e1", "100.0"}) {
    for (const std::string& list : {format("[1, 2.5, 3.25, {}]", odd), format("[ {},1,2.5 ,3.25]", odd)}) {
      const CocoIndex index = parse(with_annotations(annotation("\"bbox\": " + list)));
      const BoxXywh box = index.annotations()[0].box;
      const double number = std::strtod(odd, nullptr);
      EXPECT_EQ(box, list[1] == '1' ? (BoxXywh{1, 2.5, 3.25, number}) : (BoxXywh{number, 1, 2.5, 3.25})) << list;
    }
  }
  for (const char* bad : {"01", "1.", ".5", "1..2", "1 2", "1,"}) {
    EXPECT_THROW(parse(with_annotations(annotation(format("\"bbox\": [1, 2, 3, {}]", bad)))), DataError) << bad;
  }
}

TEST(CocoJson, Keypoints) {
  const CocoIndex index = parse(kSmallTruth);
  EXPECT_THAT(index.joint_names(index.categories()[0]), ElementsAre("nose", "tail"));
  ASSERT_EQ(index.skeleton(index.categories()[0]).size(), 1u);
  EXPECT_EQ(index.skeleton(index.categories()[0])[0].to, 2);
  const CocoAnnotation& person = index.annotations()[2];
  EXPECT_THAT(index.keypoints(person), ElementsAre(0.5, 1, 2, 0, 0, 0));
  EXPECT_EQ(person.num_keypoints, 1);
  EXPECT_TRUE(person.has_num_keypoints);
}

TEST(CocoJson, ListsMayStandInAnyOrder) {
  const CocoIndex index = parse(
      R"({"annotations": [{"segmentation": {"counts": "22", "size": [2, 2]}, "category_id": 0, "image_id": 3, "id": 1}],)"
      R"("info": {"a": [{}]}, "categories": [{"id": 0, "name": "a"}], "images": [{"width": 2, "height": 2, "id": 3}]})");
  EXPECT_EQ(rle_area(index.segmentation(index.annotations()[0])), 2u);
}

TEST(CocoJson, IdsMayBeStrings) {
  const CocoIndex index = parse(
      R"({"images": [{"id": "b"}, {"id": "a10"}, {"id": "a9"}], "categories": [{"id": 1}],
          "annotations": [{"id": 1, "image_id": "b", "category_id": 1}, {"id": 2, "image_id": "a10", "category_id": 1}]})");
  EXPECT_EQ(index.image_id(0), CocoImageId(std::string("a10")));
  EXPECT_EQ(index.image_id(1), CocoImageId(std::string("a9")));
  EXPECT_THAT(index.annotations_of(0), ElementsAre(1));
  EXPECT_EQ(index.find_image("b"), 2u);
  EXPECT_EQ(index.find_image(int64_t{0}), std::nullopt);
}

TEST(CocoJson, AMaskGivesTheSizeThatItsImageLacks) {
  const CocoIndex index = parse(R"({"images": [{"id": 1}, {"id": 2}], "categories": [{"id": 1}], "annotations": [
      {"id": 1, "image_id": 1, "category_id": 1, "segmentation": {"size": [2, 3], "counts": [6]}},
      {"id": 2, "image_id": 2, "category_id": 1, "segmentation": [[0, 0, 1, 0, 1, 1]]}]})");
  EXPECT_EQ(index.images()[0].width, 3);
  EXPECT_EQ(rle_area(index.segmentation(index.annotations()[0])), 0u);
  EXPECT_THROW(index.segmentation(index.annotations()[1]), DataError);
}

TEST(CocoJson, LegalOdditiesAreCounted) {
  const CocoNotes notes = parse(R"({"images": [{"id": 1, "height": 9, "width": 9}, {"id": 2}],
      "categories": [{"id": 1}, {"id": 4}, {"id": 7}], "annotations": [
      {"id": 0, "image_id": 1, "category_id": 1, "bbox": [1, 1, 0, 3], "area": 1, "iscrowd": 1},
      {"id": 3, "image_id": 1, "category_id": 7, "bbox": [1, 1, 10, 3], "segmentation": []},
      {"id": 3, "image_id": 1, "category_id": 7, "area": 3}]})")
                              .notes();
  CocoNotes expected;
  expected.annotations_of_id_zero = expected.repeated_annotation_ids = expected.images_without_annotations = 1;
  expected.categories_without_annotations = expected.crowds = expected.empty_segmentations = 1;
  expected.empty_boxes = expected.boxes_outside = expected.areas_missing = 1;
  expected.category_id_holes = 4;
  expected.masks_missing = 2;
  EXPECT_TRUE(notes == expected);
  EXPECT_EQ(notes.lines().size(), 11u);
  EXPECT_EQ(notes.lines()[3], "4 category ids missing between the smallest and the largest");
  EXPECT_TRUE(CocoNotes{}.lines().empty());
}

TEST(CocoJson, BadAnnotations) {
  expect_annotation_error(R"("segmentation": [[0, 0, 1, 1]])", "has a polygon with fewer than 6 numbers (got 4)");
  expect_annotation_error(R"("segmentation": [[]])", "has a polygon with fewer than 6 numbers (got 0)");
  expect_annotation_error(R"("segmentation": [[0, 0, 1, 1, 2, 2, 3]])",
                          "has a polygon with an odd count of numbers (got 7)");
  expect_annotation_error(R"("segmentation": [[0, 0, 1, 1, 2, NaN]])", "\"segmentation\" is not a finite number (got NaN)");
  expect_annotation_error(R"("segmentation": [0, 0, 1, 1])", "\"segmentation\" is not a list (got 0)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4], "counts": [3, 10]})",
                          "has run lengths longer than the 12 pixels of its image (got 3 and more, at run 1)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4], "counts": [3, 8]})",
                          "has run lengths shorter than the 12 pixels of its image (got 11)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4], "counts": [13, -1]})",
                          "has run lengths longer than the 12 pixels of its image (got 0 and more, at run 0)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4], "counts": [3, -3, 12]})",
                          "has a negative run length as number 1 (got -3)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4], "counts": "3"})",
                          "has run lengths shorter than the 12 pixels of its image (got 3)");
  expect_annotation_error(R"("segmentation": {"size": [4, 3], "counts": [12]})",
                          "its mask's size is not its image's, 3 x 4 (got 4 x 3)");
  expect_annotation_error(R"("segmentation": {"counts": [12]})",
                          "its segmentation's \"size\" is not two numbers (got 0 numbers)");
  expect_annotation_error(R"("segmentation": {"size": [3, 4]})", "its segmentation has no \"counts\"");
  expect_annotation_error(R"("bbox": [1, 2, 3])", "\"bbox\" is not four numbers (got 3 numbers)");
  expect_annotation_error(R"("area": Infinity)", "\"area\" is not a finite number (got Infinity)");
  expect_annotation_error(R"("area": "4")", "\"area\" is not a finite number (got \"4\")");
  expect_annotation_error(R"("keypoints": [1, 2])", "its keypoints are not 3 numbers for each joint (got 2 numbers)");
}

TEST(CocoJson, BadReferences) {
  expect_error(with_annotations(R"({"category_id": "2", "image_id": 7, "id": 3})"),
               "annotation 1 (id 3): \"category_id\" is not an integer (got \"2\")");
  expect_error(with_annotations(R"({"id": 3, "category_id": 2})"), "annotation 1 (id 3): has no \"image_id\"");
  expect_error(with_annotations(R"({"image_id": 7, "category_id": 2})"), "annotation 1: has no \"id\"");
}

TEST(CocoJson, BadImagesAndCategories) {
  const auto with = [](const std::string& images, const std::string& categories) {
    return R"({"annotations": [], "images": [)" + images + R"(], "categories": [)" + categories + "]}";
  };
  expect_error(with(R"({"id": 4}, {"id": 2}, {"id": 4})", ""), "image 3: has the id of an earlier one (got 4)");
  expect_error(with(R"({"id": "a"}, {"id": "a"})", ""), "image 2: has the id of an earlier one (got \"a\")");
  expect_error(with(R"({"id": 4}, {"id": "a"})", ""), "image 2 (id \"a\"): mixes ids that are integers and strings");
  expect_error(with(R"({"file_name": "a.jpg"})", ""), "image 1: has no \"id\"");
  expect_error(with(R"({"id": 4, "height": 0, "width": 5})", ""),
               "image 1 (id 4): has no possible height and width (got 0 x 5)");
  expect_error(with("", R"({"id": 1}, {"id": 1})"), "category 2: has the id of an earlier one (got 1)");
  expect_error(with("", R"({"name": "cat"})"), "category 1: has no \"id\"");
  expect_error(with("", R"({"id": 1, "skeleton": [[1]]})"),
               "category 1 (id 1): its skeleton has a limb that is not two joints (got 1 numbers)");
}

TEST(CocoJson, BadFiles) {
  expect_error("[]", "is not a COCO ground truth (got no JSON object)");
  expect_error(R"({"images": [], "annotations": []})", "has no \"categories\"");
  expect_error(R"({"images": [], "categories": [], "images": [], "annotations": []})", "has \"images\" more than once");
  expect_error(R"({"images": [], "categories": [], "annotations": 3})", "\"annotations\" is not a list (got 3)");
  EXPECT_THROW(parse(R"({"images": [], "categories": [], "annotations": []} {})"), DataError);
  EXPECT_THROW(CocoIndex::open("no_such_file.json"), DataError);
}

// As two archives unpacked one after the other leave them: the same place, size and time, and other annotations.
TEST(CocoJson, AFileOfTheSameSizeAndTimeIsReadAnew) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "truth.json";
  write_file(file, kSmallTruth);
  const auto time = std::filesystem::last_write_time(file);
  EXPECT_EQ(CocoIndex::open(file).annotations()[0].id, 21);
  std::string json = kSmallTruth;
  json.replace(json.find("\"id\": 21"), 8, "\"id\": 31");
  write_file(file, json);
  std::filesystem::last_write_time(file, time);
  EXPECT_EQ(CocoIndex::open(file).annotations()[0].id, 31);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1) << "something was left behind";
}

TEST(CocoJson, EveryCutIsAnError) { expect_error_when_cut(kSmallTruth, parse); }

TEST(CocoJson, ChangedBytesNeverCrash) {
  survive_mutations(kSmallTruth, 3000, [](const std::string& json) {
    const CocoIndex index = parse(json);
    for (const CocoAnnotation& annotation : index.annotations()) index.segmentation(annotation);
  });
}

}  // namespace
}  // namespace glid
