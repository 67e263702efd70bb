#include "glid/formats/coco_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/coco_files.h"
#include "formats/golden.h"
#include "fuzz/coco_json_fuzz.h"
#include "fuzz/replay.h"
#include "glid/core/error.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::ElementsAre;

const CocoIndex& truth() {
  static const CocoIndex index = CocoIndex::parse(kSmallTruth, "truth.json");
  return index;
}

CocoResults parse(const std::string& json, CocoKind kind) { return parse_coco_results(json, "results.json", truth(), kind); }

// The whole line of the error.
void expect_error(const std::string& json, CocoKind kind, const std::string& line) {
  try {
    parse(json, kind);
    ADD_FAILURE() << "no error: " << line;
  } catch (const DataError& error) {
    EXPECT_EQ(error.what(), "results.json: " + line);
  }
}

// A list of one good box of image 12 (4 x 5) and a record with these members.
std::string second(const std::string& members) {
  return R"([{"image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2], "score": 1}, {)" + members + "}]";
}

const std::string kBoxes = R"([
  {"image_id": 139, "category_id": 1, "bbox": [0.5, 1, 1.5, 2], "score": 0.25},
  {"score": 1e-3, "bbox": [-3, 0, 0, 2], "category_id": 90, "image_id": 5, "segmentation": {"never": "read"}}])";
const std::string kMasks = R"([
  {"image_id": 5, "category_id": 1, "score": 0.5, "segmentation": {"size": [2, 3], "counts": "222"}},
  {"image_id": 12, "category_id": 1, "score": 0.5, "bbox": [9, 9, 1, 1], "segmentation": [[1, 1, 3, 1, 3, 3, 1, 3]]}])";
const std::string kKeypoints = R"([
  {"image_id": 5, "category_id": 1, "score": 0.5, "keypoints": [3, 4, 1, 0, 0, 0]}])";

TEST(CocoResults, Boxes) {
  const CocoResults out = parse(kBoxes, CocoKind::kBox);
  ASSERT_EQ(out.results.size(), 2u);
  EXPECT_EQ(out.results[0].image, 2u);
  EXPECT_EQ(out.results[0].category, 0u);
  EXPECT_EQ(out.results[0].box, (BoxXywh{0.5, 1, 1.5, 2}));
  EXPECT_EQ(out.results[0].area, 3);
  EXPECT_EQ(out.results[0].score, 0.25);
  EXPECT_EQ(out.results[1].score, 1e-3);
  EXPECT_TRUE(out.masks.empty() && out.keypoints.empty());
  EXPECT_EQ(out.notes.empty_boxes, 1);
  EXPECT_EQ(out.notes.boxes_outside, 1);
  EXPECT_EQ(out.notes.lines().size(), 2u);
}

TEST(CocoResults, NoneAreNoDetections) {
  for (const CocoKind kind : {CocoKind::kBox, CocoKind::kMask, CocoKind::kKeypoint})
    EXPECT_TRUE(parse(" [ ] ", kind).results.empty());
}

TEST(CocoResults, AFileOfMasksHasTheirAreasAndTightBoxes) {
  const CocoResults out = parse(kMasks, CocoKind::kMask);
  ASSERT_EQ(out.masks.size(), 2u);
  EXPECT_EQ(out.masks[0].rle, (Rle{2, 3, {2, 2, 2}}));
  EXPECT_EQ(out.results[0].area, 2);
  EXPECT_EQ(out.results[0].box, (BoxXywh{1, 0, 1, 2}));
  EXPECT_EQ(out.results[1].area, 4);
  EXPECT_EQ(out.results[1].box, (BoxXywh{9, 9, 1, 1}));  // given, so kept
  EXPECT_EQ(out.masks[1].box, (BoxXywh{1, 1, 2, 2}));
  const CocoResults boxes = parse(kMasks, CocoKind::kBox);
  EXPECT_TRUE(boxes.masks.empty());
  EXPECT_EQ(boxes.results[0].area, 2);
}

TEST(CocoResults, AFileOfBoxesHasTheirAreasAndTheirMasks) {
  const CocoResults out = parse(second(R"("image_id": 12, "category_id": 90, "bbox": [0, 0, 4, 4], "score": 1,
                                          "segmentation": {"size": [4, 5], "counts": [19, 1]})"),
                                CocoKind::kMask);
  EXPECT_EQ(out.masks[0].area, 4u);
  EXPECT_EQ(out.masks[1].area, 1u);
  EXPECT_EQ(out.results[1].area, 16);
}

TEST(CocoResults, AFileOfKeypointsHasTheAreasAroundThem) {
  const CocoResults out = parse(kKeypoints, CocoKind::kKeypoint);
  EXPECT_EQ(out.results[0].box, (BoxXywh{0, 0, 3, 4}));
  EXPECT_EQ(out.results[0].area, 12);
  EXPECT_THAT(out.keypoints_of(0), ElementsAre(3, 4, 1, 0, 0, 0));
}

TEST(CocoResults, PersonBoxesLeaveOtherCategoriesOut) {
  const CocoResults out = parse_person_boxes(
      R"([{"image_id": 12, "category_id": 1, "bbox": [1, 1, 2, 2], "score": 0.5},
          {"image_id": 777, "category_id": 44, "bbox": [1, 1, 2, 2], "score": 0.5}])",
      "boxes.json", truth());
  EXPECT_EQ(out.results.size(), 1u);
  EXPECT_EQ(out.notes.other_categories, 1);
}

TEST(CocoResults, OfACategoryThatIsNotListedAreLeftOutWhateverTheyHold) {
  const CocoResults out =
      parse(second(R"("image_id": 12, "category_id": 62, "bbox": "none", "segmentation": [[1]])"), CocoKind::kMask);
  EXPECT_EQ(out.results.size(), 1u);
  EXPECT_EQ(out.masks.size(), 1u);
  EXPECT_EQ(out.notes.unknown_categories, (Tally{1, "result 2: category_id 62"}));
  EXPECT_THAT(out.notes.lines(), testing::Contains(testing::HasSubstr(
                                     "1 result left out: the annotations don't list their category (first: result 2")));
  expect_error(second(R"("image_id": 13, "category_id": 62, "bbox": [1, 1, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: is for an image that the annotations don't have (got image_id 13)");
}

// The first record decides the type, whatever else it holds.
TEST(CocoResults, FieldsOfNoUseMayBeAnything) {
  const std::string box = R"([{"image_id": 12, "category_id": 90, "score": 1, "segmentation": [[1]], "bbox": [1, 1, 2, 2],
                               "keypoints": "none"}])";
  EXPECT_EQ(parse(box, CocoKind::kBox).results[0].area, 4);
  expect_error(box, CocoKind::kMask, "result 1: has a polygon with fewer than 6 numbers (got 1)");
  expect_error(box, CocoKind::kKeypoint, "result 1: \"keypoints\" is not a list (got \"none\")");
  const std::string mask = R"([{"image_id": 5, "category_id": 1, "score": 1, "segmentation": [[1]]}])";
  expect_error(mask, CocoKind::kBox, "result 1: has a polygon with fewer than 6 numbers (got 1)");
}

TEST(CocoResults, ARunLengthKnowsTheSizeThatItsImageLacks) {
  const CocoIndex index = CocoIndex::parse(R"({"images": [{"id": 1}], "categories": [{"id": 1}], "annotations": []})", "t");
  const std::string mask =
      R"([{"image_id": 1, "category_id": 1, "score": 1, "segmentation": {"size": [2, 3], "counts": [1, 4, 1]}}])";
  EXPECT_EQ(parse_coco_results(mask, "results.json", index, CocoKind::kBox).results[0].area, 4);
}

TEST(CocoResults, BadRecords) {
  expect_error(second(R"("image_id": 13, "category_id": 90, "bbox": [1, 1, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: is for an image that the annotations don't have (got image_id 13)");
  expect_error(second(R"("image_id": "12", "category_id": 90, "bbox": [1, 1, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: is for an image that the annotations don't have (got image_id \"12\", a string; "
               "the annotations' ids are numbers); glid_predict --annotations FILE gives results the ids of that file");
  expect_error(second(R"("image_id": [12], "category_id": 90, "bbox": [1, 1, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: \"image_id\" is neither a number nor a string (got [)");
  expect_error(second(R"("image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2], "score": NaN)"), CocoKind::kBox,
               "result 2: \"score\" is not a finite number (got NaN)");
  expect_error(second(R"("image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2], "score": -Infinity)"), CocoKind::kBox,
               "result 2: \"score\" is not a finite number (got -Infinity)");
  expect_error(second(R"("image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2], "score": 1e999)"), CocoKind::kBox,
               "result 2: \"score\" is not a finite number (got 1e999)");
  expect_error(second(R"("image_id": 12, "category_id": 90, "bbox": [1, 1, 2, 2])"), CocoKind::kBox,
               "result 2: has no \"score\"");
  expect_error(second(R"("image_id": 12, "category_id": 90, "bbox": [1, NaN, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: \"bbox\" is not a finite number (got NaN)");
  expect_error(second(R"("category_id": 90, "bbox": [1, 1, 2, 2], "score": 1)"), CocoKind::kBox,
               "result 2: has no \"image_id\"");
}

TEST(CocoResults, MixedTypes) {
  const std::string mask =
      R"({"image_id": 5, "category_id": 1, "score": 1, "segmentation": {"size": [2, 3], "counts": [6]}})";
  const std::string box = R"({"image_id": 5, "category_id": 1, "score": 1, "bbox": [0, 0, 1, 1]})";
  expect_error("[" + box + "," + mask + "]", CocoKind::kBox, "result 2: has no \"bbox\", and the first result has one");
  expect_error("[" + mask + "," + box + "]", CocoKind::kMask, "result 2: has no \"segmentation\"");
  expect_error("[" + mask + "]", CocoKind::kKeypoint, "result 1: has no \"keypoints\"");
  expect_error(kKeypoints, CocoKind::kMask, "result 1: has no \"segmentation\"");
  expect_error(R"([{"image_id": 5, "score": 1, "category_id": 1}])", CocoKind::kBox,
               "result 1: has no \"bbox\", \"segmentation\" or \"keypoints\"");
  expect_error(R"([{"image_id": 5, "caption": "a cat"}])", CocoKind::kBox, "result 1: is a caption, which is not evaluated");
}

TEST(CocoResults, BadMasksAndKeypoints) {
  const auto record = [](const std::string& members) {
    return R"([{"image_id": 5, "category_id": 1, "score": 1, )" + members + "}]";
  };
  expect_error(record(R"("segmentation": {"size": [3, 2], "counts": [6]})"), CocoKind::kMask,
               "result 1: its mask's size is not its image's, 2 x 3 (got 3 x 2)");
  expect_error(record(R"("segmentation": {"size": [2, 3], "counts": [7]})"), CocoKind::kMask,
               "result 1: has run lengths longer than the 6 pixels of its image (got 0 and more, at run 0)");
  expect_error(record(R"("segmentation": {"size": [2, 3], "counts": "22"})"), CocoKind::kMask,
               "result 1: has run lengths shorter than the 6 pixels of its image (got 4)");
  expect_error(record(R"("segmentation": [[0, 0, 1, 1]])"), CocoKind::kMask,
               "result 1: has a polygon with fewer than 6 numbers (got 4)");
  expect_error(record(R"("keypoints": [1, 2, 1])"), CocoKind::kKeypoint,
               "result 1: its keypoints are not 3 numbers for each of the category's 2 joints (got 3 numbers)");
}

TEST(CocoResults, BadFiles) {
  EXPECT_THAT([] { parse("{\"image_id\": 5}\n{\"image_id\": 6}\n", CocoKind::kBox); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("results.json:2: has text behind the end of its JSON")));
  expect_error("{}", CocoKind::kBox, "is not a COCO result file (got no JSON list)");
  EXPECT_THAT(
      [] { parse("[]\n[]", CocoKind::kBox); },
      testing::ThrowsMessage<DataError>("results.json:2: has text behind the end of its JSON (got []); a file holds one "
                                        "list or one object"));
  EXPECT_THROW(read_coco_results("no_such_file.json", truth(), CocoKind::kBox), DataError);
  expect_error_when_cut(kBoxes, [](const std::string& json) { parse(json, CocoKind::kBox); });
  expect_error_when_cut(kMasks, [](const std::string& json) { parse(json, CocoKind::kMask); });
}

TEST(CocoResults, ChangedBytesNeverCrash) {
  survive_mutations(kBoxes, 2000, [](const std::string& json) { parse(json, CocoKind::kBox); });
  survive_mutations(kMasks, 2000, [](const std::string& json) { parse(json, CocoKind::kMask); });
  survive_mutations(kKeypoints, 1000, [](const std::string& json) { parse(json, CocoKind::kKeypoint); });
}

TEST(CocoResults, FuzzSeeds) { replay_seeds("coco_json", fuzz_coco_json); }

}  // namespace
}  // namespace glid
