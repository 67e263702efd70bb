#include "glid/metrics/coco_ap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::ThrowsMessage;

constexpr double kNear = 1e-12;

// Images 1 to 3 of 100 x 100, categories 2 and 7.
CocoIndex index_of(const std::string& annotations) {
  return CocoIndex::parse(
      R"({"images": [{"id": 3, "height": 100, "width": 100}, {"id": 1, "height": 100, "width": 100},
                     {"id": 2, "height": 100, "width": 100}],
          "categories": [{"id": 7, "name": "boat"}, {"id": 2, "name": "cat"}], "annotations": [)" +
          annotations + "]}",
      "truth.json");
}

ApReport evaluate(const CocoIndex& truth, const std::string& results, CocoKind kind, ApParameters parameters,
                  int64_t num_threads = 1) {
  return evaluate_coco(truth, parse_coco_results("[" + results + "]", "results.json", truth, kind),
                       {parameters, num_threads});
}

ApReport evaluate(const std::string& annotations, const std::string& results, CocoKind kind = CocoKind::kBox) {
  return evaluate(index_of(annotations), results, kind, ap_parameters(ApProtocol::kCoco, kind));
}

double number(const std::vector<MetricValue>& numbers, const std::string& name) {
  for (const MetricValue& number : numbers) {
    if (number.name == name) return number.value.value_or(-1);
  }
  throw std::out_of_range(name);
}

std::string box_truth(int id, int image, const std::string& box, int category = 2) {
  return format(R"({{"id": {}, "image_id": {}, "category_id": {}, "bbox": {}, "area": 400, "iscrowd": 0}})", id, image,
                category, box);
}

std::string box_result(int image, const std::string& box, double score, int category = 2) {
  return format(R"({{"image_id": {}, "category_id": {}, "bbox": {}, "score": {}}})", image, category, box, score);
}

TEST(CocoAp, BoxesByHand) {
  // Category 2: IoU .5 and 1; category 7: missed.
  const std::string truths = box_truth(1, 1, "[0, 0, 10, 10]") + "," + box_truth(2, 2, "[5, 5, 20, 20]") + "," +
                             box_truth(3, 3, "[5, 5, 20, 20]", 7);
  const std::string results = box_result(1, "[0, 0, 10, 5]", .9) + "," + box_result(2, "[5, 5, 20, 20]", .8);
  const ApReport report = evaluate(truths, results);
  // At threshold .5 both are found; above, the first one is false and the second half of the truths: precision 1/2.
  const double category2 = (1 + 9 * .5 * 51 / 101) / 10;
  EXPECT_NEAR(number(report.numbers, "AP"), category2 / 2, kNear);
  EXPECT_NEAR(number(report.numbers, "AP50"), .5, kNear);
  ASSERT_EQ(report.per_class.size(), 2u);
  EXPECT_EQ(report.per_class[0].id, 2);
  EXPECT_EQ(report.per_class[0].name, "cat");
  EXPECT_EQ(report.per_class[0].num_truths, 2);
  EXPECT_EQ(report.per_class[0].num_detections, 2);
  EXPECT_NEAR(number(report.per_class[0].numbers, "AP"), category2, kNear);
  EXPECT_EQ(number(report.per_class[1].numbers, "AP"), 0);
  EXPECT_EQ(report.num_images, 3);
}

TEST(CocoAp, AnnotationIdZeroIsAMatchLikeAnyOther) {
  const std::string truths = box_truth(0, 1, "[0, 0, 10, 10]") + "," + box_truth(1, 2, "[5, 5, 20, 20]");
  const std::string results = box_result(1, "[0, 0, 10, 10]", .9) + "," + box_result(2, "[5, 5, 20, 20]", .8);
  const ApReport report = evaluate(truths, results);
  EXPECT_NEAR(number(report.numbers, "AP"), 1, kNear);  // pycocotools: 51 * .5 / 101
  EXPECT_THAT(report.notes, Contains(HasSubstr("id 0")));
}

TEST(CocoAp, OfRepeatedIdsTheLastStandsForAll) {
  const std::string truths = box_truth(5, 1, "[0, 0, 10, 10]") + "," + box_truth(5, 2, "[5, 5, 20, 20]");
  const std::string first = box_result(1, "[0, 0, 10, 10]", .9), last = box_result(2, "[5, 5, 20, 20]", .8);
  EXPECT_EQ(number(evaluate(truths, first).numbers, "AR100"), 0);
  EXPECT_EQ(number(evaluate(truths, last).numbers, "AR100"), .5);
  EXPECT_EQ(number(evaluate(truths, last + "," + last).numbers, "AR100"), 1);
  EXPECT_THAT(evaluate(truths, last).notes, Contains(HasSubstr("id of an earlier one")));
}

TEST(CocoAp, NoDetectionsAndNoTruths) {
  EXPECT_EQ(number(evaluate(box_truth(1, 1, "[0, 0, 10, 10]"), "").numbers, "AP"), 0);
  for (const MetricValue& number : evaluate("", box_result(1, "[0, 0, 10, 10]", .9)).numbers) EXPECT_FALSE(number.value);
}

TEST(CocoAp, EmptyAndNegativeBoxesNeverMatch) {
  const std::string truth = box_truth(1, 1, "[0, 0, 10, 10]"), hit = box_result(1, "[0, 0, 10, 10]", .1);
  for (const char* box : {"[5, 5, 0, 5]", "[10, 10, -10, -10]", "[-50, -50, 10, 10]"}) {
    SCOPED_TRACE(box);
    const ApReport report = evaluate(truth, box_result(1, box, .9) + "," + hit);
    EXPECT_NEAR(number(report.numbers, "AP"), .5, kNear);
    EXPECT_FALSE(report.notes.empty());
  }
  // Its area, -25, is in no range: ignored.
  EXPECT_NEAR(number(evaluate(truth, box_result(1, "[5, 5, -5, 5]", .9) + "," + hit).numbers, "AP"), 1, kNear);
}

TEST(CocoAp, BoxAreaProtocol) {
  const std::string truth = box_truth(1, 1, "[0, 0, 50, 50]");  // its field says 400
  const std::string result = box_result(1, "[0, 0, 50, 50]", .9);
  const ApReport coco = evaluate(truth, result);
  EXPECT_NEAR(number(coco.numbers, "APs"), 1, kNear);
  EXPECT_EQ(number(coco.numbers, "APm"), -1);
  const ApReport box_area =
      evaluate(index_of(truth), result, CocoKind::kBox, ap_parameters(ApProtocol::kCocoBoxArea, CocoKind::kBox));
  EXPECT_EQ(number(box_area.numbers, "APs"), -1);
  EXPECT_NEAR(number(box_area.numbers, "APm"), 1, kNear);
}

TEST(CocoAp, StringImageIds) {
  const CocoIndex truth =
      CocoIndex::parse(R"({"images": [{"id": "b"}, {"id": "a10"}, {"id": "a9"}], "categories": [{"id": 1}],
      "annotations": [{"id": 1, "image_id": "a10", "category_id": 1, "bbox": [0, 0, 9, 9], "area": 81}]})",
                       "truth.json");
  // Equal scores rank by id as text: "a10" before "a9".
  const std::string results = R"({"image_id": "a9", "category_id": 1, "bbox": [0, 0, 9, 9], "score": 0.5},
                                 {"image_id": "a10", "category_id": 1, "bbox": [0, 0, 9, 9], "score": 0.5})";
  EXPECT_NEAR(
      number(evaluate(truth, results, CocoKind::kBox, ap_parameters(ApProtocol::kCoco, CocoKind::kBox)).numbers, "AP"), 1,
      kNear);
}

TEST(CocoAp, NamesTheAnnotationThatLacksAField) {
  const auto expect_error = [](const std::string& truth, CocoKind kind, const std::string& message) {
    EXPECT_THAT([&] { evaluate(truth, "", kind); }, ThrowsMessage<DataError>(HasSubstr(message)));
  };
  const std::string ids = R"({"id": 908, "image_id": 1, "category_id": 2, )";
  expect_error(box_truth(1, 1, "[0, 0, 1, 1]") + "," + ids + R"("bbox": [0, 0, 1, 1]})", CocoKind::kBox,
               "truth.json: annotation 2 (id 908): has no 'area'");
  expect_error(ids + R"("area": 4})", CocoKind::kBox, "has no 'bbox'");
  expect_error(ids + R"("area": 4})", CocoKind::kMask, "truth.json: has no mask (got 1 annotations without one)");
  expect_error(ids + R"("area": 4, "bbox": [0, 0, 1, 1]})", CocoKind::kKeypoint, "has no 'keypoints'");
  expect_error(ids + R"("area": 4, "bbox": [0, 0, 1, 1], "keypoints": [1, 1, 2]})", CocoKind::kKeypoint,
               "has no 'num_keypoints'");
}

TEST(CocoAp, MasksByHand) {
  // A 20 x 20 square and, as runs, a crowd of the columns 50 to 99.
  const std::string truths = R"({"id": 1, "image_id": 1, "category_id": 2, "area": 400, "iscrowd": 0,
                                 "segmentation": [[10, 10, 30, 10, 30, 30, 10, 30]]},
                                {"id": 2, "image_id": 1, "category_id": 2, "area": 5000, "iscrowd": 1,
                                 "segmentation": {"size": [100, 100], "counts": [5000, 5000]}},
                                {"id": 3, "image_id": 2, "category_id": 2, "area": 400, "iscrowd": 0, "segmentation": []})";
  const auto result = [](int image, const char* runs, double score) {
    return format(
        R"({{"image_id": {}, "category_id": 2, "score": {}, "segmentation": {{"size": [100, 100], "counts": {}}}}})", image,
        score, runs);
  };
  // Two in the crowd are absorbed; the square's left half has IoU .5; nothing finds the empty truth.
  std::string half = "[1010, 20";
  for (int column = 1; column < 10; ++column) half += ", 80, 20";
  const std::string results = result(1, "[6000, 1000, 3000]", .9) + "," + result(1, "[8000, 1000, 1000]", .8) + "," +
                              result(1, (half + ", 8070]").c_str(), .7) + "," + result(2, "[10000]", .1);
  const ApReport report = evaluate(truths, results, CocoKind::kMask);
  EXPECT_NEAR(number(report.numbers, "AP50"), 51. / 101, kNear);
  EXPECT_EQ(number(report.numbers, "AP75"), 0);
  EXPECT_EQ(number(report.numbers, "AR1"), 0);
  EXPECT_NEAR(number(report.numbers, "AR10"), .05, kNear);
}

std::string pose(int id, int image, double area, int num_keypoints, const std::string& joints) {
  return format(R"({{"id": {}, "image_id": {}, "category_id": 2, "bbox": [10, 10, 10, 10], "area": {}, "num_keypoints": {},
                     "keypoints": {}}})",
                id, image, area, num_keypoints, joints);
}

std::string pose_result(int image, const std::string& joints, double score) {
  return format(R"({{"image_id": {}, "category_id": 2, "keypoints": {}, "score": {}}})", image, joints, score);
}

ApParameters two_joints() {
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kKeypoint);
  parameters.keypoint_sigmas = {.05, .05};
  return parameters;
}

double pose_number(const std::string& truths, const std::string& results, const std::string& name) {
  return number(evaluate(index_of(truths), results, CocoKind::kKeypoint, two_joints()).numbers, name);
}

TEST(CocoAp, PosesByHand) {
  // Distance d of one joint of two: (1 + exp(-d^2 / (2 * .01 * 2000))) / 2 = .84 for d = 4.
  const std::string truth = pose(1, 1, 2000, 2, "[12, 12, 2, 18, 18, 2]"),
                    result = pose_result(1, "[12, 16, 1, 18, 18, 1]", .5);
  EXPECT_NEAR(pose_number(truth, result, "AP"), .7, kNear);
  EXPECT_NEAR(pose_number(truth, result, "AP75"), 1, kNear);
  EXPECT_NEAR(pose_number(truth, result, "APm"), .7, kNear);
  EXPECT_EQ(pose_number(truth, result, "APl"), -1);
}

TEST(CocoAp, PosesWithoutVisibleJointsAbsorb) {
  const std::string seen = pose(1, 1, 2000, 2, "[72, 72, 2, 78, 78, 2]"), unseen = pose(2, 1, 2000, 0, "[0, 0, 0, 0, 0, 0]");
  const std::string hit = pose_result(1, "[72, 72, 1, 78, 78, 1]", .5), inside = pose_result(1, "[5, 5, 1, 25, 25, 1]", .9);
  EXPECT_NEAR(pose_number(seen + "," + unseen, hit + "," + inside, "AP"), 1, kNear);
  EXPECT_NEAR(pose_number(seen, hit + "," + inside, "AP"), .5, kNear);
  EXPECT_EQ(pose_number(unseen, inside, "AP"), -1);
}

TEST(CocoAp, PosesOfAreaZeroAreFoundByEqualOnesOnly) {
  const std::string truth = pose(1, 1, 0, 2, "[12, 12, 2, 18, 18, 2]");
  EXPECT_NEAR(pose_number(truth, pose_result(1, "[12, 12, 1, 18, 18, 1]", .5), "AP"), 1, kNear);
  EXPECT_EQ(pose_number(truth, pose_result(1, "[12, 12.01, 1, 18.01, 18, 1]", .5), "AP"), 0);
}

TEST(CocoAp, TwentyPosesOfAnImage) {
  const std::string truth = pose(1, 1, 2000, 2, "[12, 12, 2, 18, 18, 2]"),
                    hit = pose_result(1, "[12, 12, 1, 18, 18, 1]", .1);
  std::string misses;
  for (int i = 0; i < 19; ++i) misses += pose_result(1, "[72, 72, 1, 78, 78, 1]", .5) + ",";
  EXPECT_NEAR(pose_number(truth, misses + hit, "AP"), .05, kNear);
  EXPECT_EQ(pose_number(truth, pose_result(1, "[72, 72, 1, 78, 78, 1]", .5) + "," + misses + hit, "AP"), 0);
}

TEST(CocoAp, SigmasAreAsManyAsJoints) {
  const std::string truth = pose(1, 1, 2000, 2, "[12, 12, 2, 18, 18, 2]");
  EXPECT_THAT([&] { evaluate(truth, "", CocoKind::kKeypoint); }, ThrowsMessage<UsageError>(HasSubstr("eval.sigmas")));
}

// Random boxes, each also a mask and a pose of two joints, and results near them.
struct Files {
  std::string truths, results;
};

std::string shape(double x, double y, double width, double height, double scale) {
  x *= scale, y *= scale, width *= scale, height *= scale;
  return format(R"("bbox": [{0}, {1}, {2}, {3}], "segmentation": [[{0}, {1}, {4}, {1}, {4}, {5}, {0}, {5}]],
                   "keypoints": [{0}, {1}, 2, {4}, {5}, 2])",
                x, y, width, height, x + width, y + height);
}

Files random_files(uint64_t seed, double scale, bool is_exact) {
  Rng rng(seed, 0, 0, RandomOp::kExample);
  Files files;
  for (int i = 1; i <= 30; ++i) {
    const std::string ids = format(R"("image_id": {}, "category_id": {}, )", 1 + rng.below(3), rng.below(2) ? 2 : 7);
    const double x = rng.uniform(0, 60), y = rng.uniform(0, 60), width = rng.uniform(1, 40), height = rng.uniform(1, 40);
    const double shift = is_exact ? 0 : rng.uniform(0, 5), score = static_cast<double>(1 + rng.below(9)) / 10;
    const std::string comma = i == 1 ? "" : ",";
    files.truths += comma + format(R"({{"id": {}, {}"area": {}, "iscrowd": 0, "num_keypoints": 2, {}}})", i, ids,
                                   width * height * scale * scale, shape(x, y, width, height, scale));
    files.results += comma + format(R"({{{}"score": {}, {}}})", ids, score, shape(x + shift, y, width, height, scale));
  }
  return files;
}

constexpr std::array kKinds = {CocoKind::kBox, CocoKind::kMask, CocoKind::kKeypoint};

ApParameters parameters_of(CocoKind kind) {
  return kind == CocoKind::kKeypoint ? two_joints() : ap_parameters(ApProtocol::kCoco, kind);
}

TEST(CocoAp, TruthSubmittedAsPredictionGivesOne) {
  const Files files = random_files(1, 1, true);
  for (CocoKind kind : kKinds) {
    const ApReport report = evaluate(index_of(files.truths), files.results, kind, parameters_of(kind));
    for (const char* name : {"AP", "AP50", "AP75", "APm"}) EXPECT_NEAR(number(report.numbers, name), 1, kNear) << name;
  }
}

TEST(CocoAp, ThreadsChangeNothing) {
  const Files files = random_files(2, 1, false);
  for (CocoKind kind : kKinds) {
    const ApReport one = evaluate(index_of(files.truths), files.results, kind, parameters_of(kind));
    EXPECT_GT(number(one.numbers, "AP"), .05);
    EXPECT_LT(number(one.numbers, "AP"), .95);
    for (int64_t num_threads : {2, 5}) {
      const ApReport many = evaluate(index_of(files.truths), files.results, kind, parameters_of(kind), num_threads);
      EXPECT_EQ(many.result.precision, one.result.precision);
      EXPECT_EQ(many.result.recall, one.result.recall);
    }
  }
}

TEST(CocoAp, ScalingEverythingChangesNothing) {
  const Files small = random_files(3, 1, false), large = random_files(3, 4, false);
  for (CocoKind kind : {CocoKind::kBox, CocoKind::kKeypoint}) {
    const ApReport a = evaluate(index_of(small.truths), small.results, kind, parameters_of(kind));
    const ApReport b = evaluate(index_of(large.truths), large.results, kind, parameters_of(kind));
    for (const char* name : {"AP", "AP50", "AP75"}) EXPECT_EQ(number(a.numbers, name), number(b.numbers, name));
  }
}

TEST(CocoAp, ResultsOfAnotherKindAreAProgrammersMistake) {
  const CocoIndex truth = index_of("");
  const CocoResults boxes = parse_coco_results("[" + box_result(1, "[0, 0, 1, 1]", .5) + "]", "", truth, CocoKind::kBox);
  EXPECT_THROW(evaluate_coco(truth, boxes, {ap_parameters(ApProtocol::kCoco, CocoKind::kMask)}), std::invalid_argument);
}

TEST(CocoAp, PooledHasNoClasses) {
  const Files files = random_files(4, 1, true);
  const ApReport report =
      evaluate(index_of(files.truths), files.results, CocoKind::kBox, ap_parameters(ApProtocol::kPooled, CocoKind::kBox));
  EXPECT_TRUE(report.per_class.empty());
  EXPECT_NEAR(number(report.numbers, "AP"), 1, kNear);
}

}  // namespace
}  // namespace glid
