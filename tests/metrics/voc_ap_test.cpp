// Average precision by the rules of Pascal VOC's development kit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/metrics/coco_ap.h"

namespace glid {
namespace {

constexpr double kNear = 1e-12;
constexpr const char* kDifficult = R"("iscrowd": 1)";

// One image, one class.
class VocAp : public testing::Test {
 protected:
  void truth(const std::string& box, const std::string& flags = R"("iscrowd": 0)") {
    truths_ += format(R"({}{{"id": {}, "image_id": 1, "category_id": 1, "bbox": {}, "area": 100, {}}})",
                      truths_.empty() ? "" : ",", ++num_truths_, box, flags);
  }
  void result(const std::string& box, double score) {
    results_ +=
        format(R"({}{{"image_id": 1, "category_id": 1, "bbox": {}, "score": {}}})", results_.empty() ? "" : ",", box, score);
  }
  double number(const std::string& name, const ApParameters& parameters) const {
    const CocoIndex index =
        CocoIndex::parse(R"({"images": [{"id": 1, "height": 100, "width": 100}], "categories": [{"id": 1, "name": "x"}],)"
                         R"("annotations": [)" +
                             truths_ + "]}",
                         "truth.json");
    const CocoResults results = parse_coco_results("[" + results_ + "]", "results.json", index, CocoKind::kBox);
    for (const MetricValue& value : evaluate_coco(index, results, {parameters}).numbers)
      if (value.name == name) return value.value.value_or(-1);
    throw std::out_of_range(name);
  }
  double ap(ApProtocol protocol = ApProtocol::kVocAllPoint) const {
    return number("AP", ap_parameters(protocol, CocoKind::kBox));
  }

 private:
  std::string truths_, results_;
  int num_truths_ = 0;
};

// The second one overlaps the first truth by 10 / 11 and the second, still free, by 11 / 14.
TEST_F(VocAp, ASecondDetectionOfATruthIsFalse) {
  truth("[0, 0, 10, 10]");
  truth("[0, 0, 10, 14]");
  result("[0, 0, 10, 10]", .9);
  result("[0, 0, 10, 11]", .8);
  EXPECT_NEAR(ap(), .5, kNear);
  EXPECT_NEAR(ap(ApProtocol::kVoc11Point), 6. / 11, kNear);
  ApParameters coco = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  coco.iou_thresholds = {.5};
  EXPECT_NEAR(number("AP", coco), 1, kNear);
}

// Neither missed nor found, nor a reason to look for another truth; a large one absorbs no smaller detection as a crowd
// does.
TEST_F(VocAp, DifficultOnesCountAsNothing) {
  truth("[0, 0, 10, 10]");
  truth("[50, 0, 10, 10]", kDifficult);
  result("[50, 0, 10, 10]", .9);
  result("[51, 0, 10, 10]", .8);
  result("[0, 0, 10, 10]", .7);
  EXPECT_NEAR(ap(), 1, kNear);
  result("[50, 0, 4, 10]", .95);
  EXPECT_NEAR(ap(), .5, kNear) << "overlaps by 0.4 only";
}

TEST_F(VocAp, ADetectionThatADifficultTruthOverlapsMostFindsNoOther) {
  truth("[0, 0, 10, 12]");
  truth("[0, 0, 10, 10]", kDifficult);
  result("[0, 0, 10, 10]", .9);
  EXPECT_EQ(ap(), 0);
}

TEST_F(VocAp, FilesSayDifficultInSeveralWays) {
  result("[90, 0, 10, 10]", .8);
  truth("[90, 0, 10, 10]");
  int left = 0;
  for (const char* flags :
       {R"("iscrowd": 1)", R"("difficult": 1)", R"("ignore": true)", R"("difficult": 0, "ignore": 1.0)"}) {
    truth(format("[{}, 0, 10, 10]", left), flags);
    result(format("[{}, 0, 10, 10]", left), .9);
    left += 20;
  }
  EXPECT_NEAR(ap(), 1, kNear);
  ApParameters parameters = ap_parameters(ApProtocol::kCoco, CocoKind::kBox);
  parameters.max_dets = {2};
  EXPECT_NEAR(number("AR2", parameters), 1. / 4, kNear) << "COCO's rules know the crowd only";
  parameters.matching = Matching::kVoc;
  EXPECT_EQ(number("AR2", parameters), 0);
}

TEST_F(VocAp, WhatIsNoFlagSaysNothing) {
  int left = 0;
  for (const char* flags : {R"("difficult": 0)", R"("ignore": null)", R"("ignore": "what")", R"("difficult": [])"})
    truth(format("[{}, 0, 10, 10]", left += 15), flags);
  result("[15, 0, 10, 10]", .9);
  EXPECT_NEAR(ap(), 1. / 4, kNear);
}

TEST_F(VocAp, OfEqualOverlapsTheFirstTruthIsFound) {
  truth("[0, 0, 10, 10]");
  truth("[0, 0, 10, 10]");
  for (double score : {.9, .8}) result("[0, 0, 10, 10]", score);
  EXPECT_NEAR(ap(), .5, kNear);
}

TEST_F(VocAp, EveryDetectionCounts) {
  truth("[0, 0, 10, 10]");
  for (int i = 0; i < 150; ++i) result("[50, 50, 10, 10]", .9);
  result("[0, 0, 10, 10]", .1);
  EXPECT_NEAR(ap(), 1. / 151, kNear);
  const ApParameters parameters = ap_parameters(ApProtocol::kVocAllPoint, CocoKind::kBox);
  EXPECT_EQ(number("AR", parameters), 1);
  EXPECT_EQ(number("AR100", parameters), 0);
}

// COCO leaves out an unmatched detection whose area is in no range: a box of negative width.
TEST_F(VocAp, DetectionsOfAnyAreaCount) {
  truth("[0, 0, 10, 10]");
  result("[9, 0, -5, 10]", .9);
  result("[0, 0, 10, 10]", .8);
  EXPECT_NEAR(ap(), .5, kNear);
  EXPECT_NEAR(ap(ApProtocol::kCoco), 1, kNear);
}

// 3 x 3 of 3 x 7 pixels or, with both corners inside, 4 x 4 of 4 x 8: one half is enough.
TEST_F(VocAp, InclusiveCornersMakeSidesLonger) {
  truth("[10, 10, 3, 7]");
  result("[10, 10, 3, 3]", .9);
  EXPECT_EQ(ap(), 0);
  EXPECT_NEAR(ap(ApProtocol::kVocAllPointInclusive), 1, kNear);
  EXPECT_NEAR(ap(ApProtocol::kVoc11PointInclusive), 1, kNear);
}

TEST_F(VocAp, InclusiveCornersAreForBoxes) {
  for (const CocoKind kind : {CocoKind::kMask, CocoKind::kKeypoint})
    EXPECT_THAT(
        [&] { ap_parameters(ApProtocol::kVocAllPointInclusive, kind).check(); },
        testing::ThrowsMessage<UsageError>(testing::HasSubstr("eval.protocol: with inclusive corners is for boxes")));
}

// scripts/parity/voc.py states the rules.
TEST(VocGolden, RandomSetsByClass) {
  const std::string path = std::string(GLID_TEST_GOLDEN) + "/voc.json";
  const Json golden = Json::parse(read_file(path), path);
  int64_t num_between = 0;
  for (const Json& set : golden.at("cases").as_array()) {
    const CocoIndex truth = CocoIndex::parse(set.at("truth").dump(), "truth");
    const CocoResults results = parse_coco_results(set.at("results").dump(), "results", truth, CocoKind::kBox);
    for (const auto& [name, expected] : set.at("ap").as_object()) {
      const auto protocol = config::parse_name<ApProtocol>("protocol", name);
      const ApReport report = evaluate_coco(truth, results, {ap_parameters(protocol, CocoKind::kBox)});
      ASSERT_EQ(report.per_class.size(), expected.as_array().size());
      for (size_t i = 0; i < report.per_class.size(); ++i) {
        const Json& number = expected.as_array()[i];
        const double ap = report.per_class[i].numbers.front().value.value_or(-1);
        EXPECT_NEAR(ap, number.is_null() ? -1 : number.as_double(), kNear) << name << ", class " << report.per_class[i].id;
        num_between += ap > 0 && ap < 1;
      }
    }
  }
  EXPECT_GT(num_between, 20);
}

}  // namespace
}  // namespace glid
