// Files that are of more than is evaluated: what the official tools leave out or never look at changes no number and is
// said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/eval/evaluate_files.h"
#include "glid/formats/depth_map.h"
#include "glid/formats/label_map.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::ThrowsMessage;

class LeftOut : public testing::Test {
 protected:
  LeftOut() {
    for (const char* folder : {"truth", "result"}) fs::create_directory(root_ / folder);
  }

  Report evaluate(const FileMetricSettings& task, const std::string& truth, const std::string& result) const {
    write_file(root_ / "truth.json", truth);
    write_file(root_ / "result.json", result);
    return evaluate_files({.settings = {task}, .results = root_ / "result.json", .annotations = root_ / "truth.json"});
  }
  Report evaluate_folders(const FileMetricSettings& task) const {
    return evaluate_files({.settings = {task}, .results = root_ / "result", .annotations = root_ / "truth"});
  }
  void expect_error(const FileMetricSettings& task, const std::string& truth, const std::string& result,
                    const std::string& message) const {
    EXPECT_THAT([&] { evaluate(task, truth, result); }, ThrowsMessage<DataError>(HasSubstr(message)));
  }

  TemporaryFolder folder_;
  const fs::path root_ = folder_.path();
};

double first_number(const Report& report) { return report.metrics.at(0).second.value_or(-1); }

// Two images with an object each, which `members` are of.
std::string truth_of(const std::string& members, const std::string& more = "") {
  const auto annotation = [&](int id) {
    return format(R"({{"id": {0}, "image_id": {0}, "category_id": 1, "area": 1200, "iscrowd": 0, {1}}})", id, members);
  };
  return format(R"({{"images": [{{"id": 1, "height": 100, "width": 120}}, {{"id": 2, "height": 100, "width": 120}}],
                    "categories": [{{"id": 1, "name": "cell"}}], "annotations": [{}, {}{}]}})",
                annotation(1), annotation(2), more);
}
std::string results_of(const std::string& members, const std::string& more = "") {
  const auto result = [&](int image) {
    return format(R"({{"image_id": {}, "category_id": 1, "score": 0.5, {}}})", image, members);
  };
  return "[" + result(1) + ", " + result(2) + more + "]";
}

const std::string kBox = R"("bbox": [10, 20, 30, 40])";
const std::string kMask = R"("segmentation": {"size": [100, 120], "counts": [2, 3, 11995]})";
const std::string kPose = R"("bbox": [10, 20, 30, 40], "num_keypoints": 1, "keypoints": [15, 25, 2])";
const std::string kJoints = R"("keypoints": [15, 25, 2])";

KeypointSettings one_joint() {
  KeypointSettings settings;
  settings.sigmas = {{0.05}};
  return settings;
}

TEST_F(LeftOut, FieldsOfOtherTasks) {
  const auto note = HasSubstr(
      "2 values of \"segmentation\" that can't be read, which nothing here needs (first: annotation 1 "
      "(id 1): has a polygon with fewer than 6 numbers (got 4))");
  const std::string bad_mask = R"(, "segmentation": [[1, 2, 30, 40]])";
  const Report boxes = evaluate(BoxSettings{}, truth_of(kBox + bad_mask), results_of(kBox + bad_mask));
  EXPECT_DOUBLE_EQ(first_number(boxes), 1);
  EXPECT_THAT(boxes.notes, Contains(note));
  const Report poses = evaluate(one_joint(), truth_of(kPose + bad_mask), results_of(kJoints));
  EXPECT_DOUBLE_EQ(first_number(poses), 1);
  EXPECT_THAT(poses.notes, Contains(note));
  const Report masks = evaluate(MaskSettings{}, truth_of(kMask + R"(, "bbox": [1], "keypoints": [1])"),
                                results_of(kMask + R"(, "bbox": [])"));
  EXPECT_DOUBLE_EQ(first_number(masks), 1);
  EXPECT_THAT(masks.notes,
              AllOf(Contains(HasSubstr("2 values of \"bbox\"")), Contains(HasSubstr("2 values of \"keypoints\""))));
  expect_error(MaskSettings{}, truth_of(kBox + bad_mask), results_of(kMask), "fewer than 6 numbers");
}

TEST_F(LeftOut, RecordsOfOtherImagesAndCategories) {
  const struct {
    FileMetricSettings task;
    std::string truth, result;
  } tasks[] = {{BoxSettings{}, kBox, kBox}, {MaskSettings{}, kMask, kMask}, {one_joint(), kPose, kJoints}};
  for (const auto& [task, truth, result] : tasks) {
    const Report report = evaluate(
        task,
        truth_of(truth, R"(, {"id": 8, "image_id": 77, "category_id": 1}, {"id": 9, "image_id": 1, "category_id": 7})"),
        results_of(result, R"(, {"image_id": 2, "category_id": 62, "score": 0.9})"));
    EXPECT_DOUBLE_EQ(first_number(report), 1);
    EXPECT_THAT(report.notes, Contains(HasSubstr("their image (first: annotation 3 (id 8): image_id 77)")));
    EXPECT_THAT(report.notes, Contains(HasSubstr("their category (first: annotation 4 (id 9): category_id 7)")));
    EXPECT_THAT(report.notes, Contains(HasSubstr("their category (first: result 3: category_id 62)")));
  }
}

// 9 stands in for an object of image 1, whose id an object of an image that isn't listed has taken: pycocotools counts
// neither.
TEST_F(LeftOut, AnAnnotationWhoseIdWasTaken) {
  const Report report = evaluate(BoxSettings{}, truth_of(kBox, R"(, {"id": 1, "image_id": 77, "category_id": 1})"),
                                 R"([{"image_id": 2, "category_id": 1, "score": 0.5, )" + kBox + "}]");
  EXPECT_DOUBLE_EQ(first_number(report), 1);
  EXPECT_THAT(report.notes, Contains(HasSubstr("1 annotation left out too")));
}

TEST_F(LeftOut, MasksThatAreMissing) {
  const std::string empty = R"(, "segmentation": [])";
  expect_error(MaskSettings{}, truth_of(kBox + empty), results_of(kBox + empty),
               "truth.json: has no mask (got 2 annotations without one); --task box compares boxes");
  expect_error(MaskSettings{}, truth_of(R"("segmentation": null)"), results_of(kMask),
               "truth.json: has no mask (got 2 annotations without one)");
  for (const std::string& none : {kBox, kBox + empty})
    expect_error(MaskSettings{}, truth_of(kMask), results_of(none), "result.json: has no mask (got 2 results without one)");
  const Report some =
      evaluate(MaskSettings{}, truth_of(kMask, R"(, {"id": 8, "image_id": 1, "category_id": 1, "area": 1})"),
               results_of(kMask, R"(, {"image_id": 1, "category_id": 1, "score": 0.1, "segmentation": []})"));
  EXPECT_GT(first_number(some), 0.6);
  EXPECT_THAT(some.notes,
              AllOf(Contains("1 annotation without a segmentation"), Contains("1 results with an empty segmentation")));
  EXPECT_DOUBLE_EQ(first_number(evaluate(MaskSettings{}, truth_of(kMask), "[]")), 0);
}

TEST_F(LeftOut, AreasThatAreMissing) {
  std::string truth = truth_of(kPose);
  for (size_t at; (at = truth.find("\"area\": 1200, ")) != std::string::npos;) truth.erase(at, 14);
  expect_error(one_joint(), truth, results_of(kJoints),
               "truth.json: annotation 1 (id 1): has no 'area', which the metric needs; --protocol coco_box_area");
  KeypointSettings settings = one_joint();
  settings.protocol = ApProtocol::kCocoBoxArea;
  EXPECT_DOUBLE_EQ(first_number(evaluate(settings, truth, results_of(kJoints))), 1);
}

TEST_F(LeftOut, IdsOfTheOtherKind) {
  std::string truth = truth_of(kBox);
  expect_error(BoxSettings{}, truth, R"([{"image_id": "1", "category_id": 1, "score": 0.5, )" + kBox + "}]",
               "result.json: result 1: is for an image that the annotations don't have (got image_id \"1\", a string; the "
               "annotations' ids are numbers)");
  truth.replace(truth.find("\"image_id\": 1"), 13, "\"image_id\": \"1\"");
  expect_error(BoxSettings{}, truth, "[]", "(got image_id \"1\", a string; the images' ids are numbers)");
}

class LeftOutSegments : public LeftOut {
 protected:
  LeftOutSegments() {
    for (const char* folder : {"truth", "result"}) write_panoptic_png(root_ / folder / "a.png", {1, 4, {7, 7, 9, 9}});
  }
  static std::string segments(const std::string& area, const std::string& image = "1", const std::string& more = "") {
    return format(R"({{"categories": [{{"id": 1, "name": "t", "isthing": 1}}, {{"id": 2, "name": "s", "isthing": 0}}],
        "annotations": [{{"image_id": {}, "file_name": "a.png", "segments_info": [{{"id": 7, "category_id": 1{}}},
                                                                                 {{"id": 9, "category_id": 2{}}}]}}{}]}})",
                  image, area, area, more);
  }
};

TEST_F(LeftOutSegments, OfOtherImages) {
  const std::string more = R"(, {"image_id": 4, "file_name": "not_there.png", "segments_info": []})";
  const Report report = evaluate(PanopticFileSettings{}, segments(R"(, "area": 2)"), segments("", "1", more));
  EXPECT_DOUBLE_EQ(first_number(report), 1);
  EXPECT_THAT(report.notes, Contains("1 result left out: the annotations don't have their image (first: image 4)"));
  EXPECT_THAT([&] { evaluate(PanopticFileSettings{}, segments(R"(, "area": 2)", "1", more), segments("")); },
              ThrowsMessage<DataError>(HasSubstr("result.json: has no result for image 4; eval.missing_as_empty=true")));
}

TEST_F(LeftOutSegments, NameTheFileAtFault) {
  expect_error(PanopticFileSettings{}, segments(""), segments(""), "truth.json: image 1: truth segment id 7: has no area");
  std::string unknown = segments("");
  unknown.replace(unknown.rfind("\"category_id\": 2"), 16, "\"category_id\": 5");
  expect_error(PanopticFileSettings{}, segments(R"(, "area": 2)"), unknown,
               "result.json: image 1: predicted segment id 9: has an unknown category (got 5)");
  expect_error(PanopticFileSettings{}, segments(R"(, "area": 2)"), segments("", "\"1\""),
               "has no result for image 1 (got image_id 1, a number; the results' ids are strings)");
}

// As nobody's hit or miss: panopticapi averages over the listed categories.
TEST_F(LeftOutSegments, OfCategoriesThatAreNotListed) {
  std::string truth = segments(R"(, "area": 2)");
  truth.replace(truth.rfind("\"category_id\": 2"), 16, "\"category_id\": 5");
  const Report report = evaluate(PanopticFileSettings{}, truth, segments(""));
  EXPECT_DOUBLE_EQ(first_number(report), 0.5);  // its prediction is a false one
  EXPECT_THAT(report.notes,
              Contains(HasSubstr("1 segment left out: the file doesn't list their category (first: annotation 1 "
                                 "(id 1): segment 9: category_id 5)")));
}

TEST_F(LeftOut, LabelAndDepthMapsOfOtherImages) {
  const auto note = [&](const std::string& file) {
    return format("1 result left out: there is no annotation of their name (first: {})", (root_ / "result" / file).string());
  };
  SemanticFileSettings labels;
  labels.num_classes = 2;
  write_label_png(root_ / "truth" / "a.png", {1, 2, {0, 1}});
  for (const char* name : {"a.png", "b.png"}) write_label_png(root_ / "result" / name, {1, 2, {0, 1}});
  Report report = evaluate_folders(labels);
  EXPECT_DOUBLE_EQ(first_number(report), 1);
  EXPECT_EQ(report.images, 1);
  EXPECT_THAT(report.notes, Contains(note("b.png")));

  DepthFileSettings depth;
  depth.crop = DepthCrop::kNone;
  write_depth_png(root_ / "truth" / "a.png", {1, 2, {2, 3}}, 1000);
  for (const char* name : {"a.png", "b.png"}) write_depth_png(root_ / "result" / name, {1, 2, {2, 3}}, 1000);
  report = evaluate_folders(depth);
  EXPECT_EQ(report.images, 1);
  EXPECT_THAT(report.notes, Contains(note("b.png")));
  write_depth_png(root_ / "truth" / "c.png", {1, 2, {2, 3}}, 1000);
  EXPECT_THAT([&] { evaluate_folders(depth); }, ThrowsMessage<DataError>(HasSubstr("c.png: has no result in")));
}

}  // namespace
}  // namespace glid
