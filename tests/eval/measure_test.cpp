// A model's predictions measured as its result files would be.
#include "glid/eval/measure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "glid/core/error.h"
#include "segmented_scenes.h"

namespace glid {
namespace {

class Measures : public testing::Test {
 protected:
  static double value(Measure& measure, const std::string& name) {
    const std::vector<MetricValue> values = measure.metric().values();
    const auto found = std::ranges::find(values, name, &MetricValue::name);
    return found->value.value();
  }
  template <class Spoil>
  static std::unique_ptr<Measure> measured(const MetricSettings& settings, const Spoil& spoil) {
    auto measure = make_measure(settings, SegmentedScenes().vocabulary());
    for (int64_t id = 0; id < SegmentedScenes().size(); ++id) {
      const Targets truth = SegmentedScenes().targets(id);
      Prediction prediction = ideal_prediction(truth);
      spoil(prediction);
      measure->add({id, "scene", prediction, truth});
    }
    return measure;
  }
  static std::unique_ptr<Measure> measured(const MetricSettings& settings) {
    return measured(settings, [](Prediction&) {});
  }
};

TEST_F(Measures, OfIdealPredictionsAreIdeal) {
  EXPECT_NEAR(value(*measured(BoxSettings{}), "AP"), 1, 1e-12);
  EXPECT_NEAR(value(*measured(MaskSettings{}), "AP"), 1, 1e-12);
  EXPECT_NEAR(value(*measured(PanopticSettings{}), "PQ"), 1, 1e-12);
  EXPECT_EQ(value(*measured(SemanticSettings{}), "mIoU"), 1);
  DepthSettings depth;
  depth.crop = DepthCrop::kNone;
  EXPECT_EQ(value(*measured(depth), "rmse"), 0);
}

TEST_F(Measures, AccuracyListsItsClasses) {
  const Vocabulary vocabulary{.images = {{4, "cat"}, {5, "dog"}, {6, "cow"}}};
  const auto measure = make_measure(AccuracySettings{}, vocabulary);
  for (int64_t id = 0; id < 4; ++id) {
    const Prediction prediction{.label_scores = {0.5, id == 3 ? 0.9 : 0.1, 0}};
    const Targets truth{.label = id == 0 ? 0 : 1};
    measure->add({id, "image", prediction, truth});
  }
  const Report report = measure->report();
  ASSERT_EQ(report.per_class.size(), 3u);
  EXPECT_EQ(report.per_class[0].values[0].second, 1);
  EXPECT_DOUBLE_EQ(*report.per_class[1].values[0].second, 1.0 / 3);
  EXPECT_EQ(report.per_class[1].values[2].second, 3);
  EXPECT_FALSE(report.per_class[2].values[0].second);
  EXPECT_EQ(report_csv(report).substr(0, 37), "id,name,top1,top5,images\n4,cat,1,1,1\n");
}

TEST_F(Measures, ClassesCountUnlessTheyArePooled) {
  const auto next_class = [](Prediction& prediction) {
    for (Detection& d : prediction.detections) d.category = (d.category + 1) % std::ssize(kSceneClasses);
  };
  BoxSettings settings;
  EXPECT_LT(value(*measured(settings, next_class), "AP"), 0.2);
  settings.protocol = ApProtocol::kPooled;
  EXPECT_NEAR(value(*measured(settings, next_class), "AP"), 1, 1e-12);
}

TEST_F(Measures, MasksAreNotTheirBoxes) {
  const auto filled = [](Prediction& prediction) {
    for (Detection& d : prediction.detections) {
      std::vector<uint8_t> mask(64 * 64);
      for (int64_t y = 0; y < 64; ++y)
        for (int64_t x = 0; x < 64; ++x)
          mask[static_cast<size_t>(y * 64 + x)] = static_cast<double>(x) >= d.box.x0 && static_cast<double>(x) < d.box.x1 &&
                                                  static_cast<double>(y) >= d.box.y0 && static_cast<double>(y) < d.box.y1;
      d.mask = rle_from_mask(mask, 64, 64);
    }
  };
  EXPECT_NEAR(value(*measured(BoxSettings{}, filled), "AP"), 1, 1e-12);
  EXPECT_LT(value(*measured(MaskSettings{}, filled), "AP"), 0.9);
}

TEST_F(Measures, CrowdsAndDifficultOnesAreNeitherMissedNorFound) {
  Targets truth;
  truth.instances = {{.id = 1, .box = {0, 0, 10, 10}, .area = 100},
                     {.id = 2, .box = {20, 0, 30, 10}, .area = 100, .is_crowd = true},
                     {.id = 3, .box = {40, 0, 50, 10}, .area = 100, .is_difficult = true}};
  const Prediction prediction{.height = 64,
                              .width = 64,
                              .detections = {{.score = 0.9, .box = {20, 0, 30, 10}},
                                             {.score = 0.8, .box = {41, 1, 45, 5}},
                                             {.score = 0.7, .box = {0, 0, 10, 10}}}};
  const auto measure = make_measure(BoxSettings{}, SegmentedScenes().vocabulary());
  measure->add({0, "picture", prediction, truth});
  EXPECT_NEAR(value(*measure, "AP"), 1, 1e-12);
}

// A model's numbers follow a protocol's rules as those of files do.
TEST_F(Measures, OfVocKnowNoSecondDetectionAndNoCrowds) {
  Targets truth;
  truth.instances = {{.id = 1, .box = {0, 0, 10, 10}, .area = 100},
                     {.id = 2, .box = {0, 0, 10, 14}, .area = 140},
                     {.id = 3, .box = {40, 0, 50, 10}, .area = 100, .is_difficult = true}};
  const Prediction prediction{.height = 64,
                              .width = 64,
                              .detections = {{.score = 0.9, .box = {0, 0, 10, 10}},
                                             {.score = 0.8, .box = {0, 0, 10, 11}},
                                             {.score = 0.7, .box = {40, 0, 50, 10}}}};
  const auto ap = [&](ApProtocol protocol) {
    BoxSettings settings;
    settings.protocol = protocol;
    const auto measure = make_measure(settings, SegmentedScenes().vocabulary());
    measure->add({0, "picture", prediction, truth});
    return value(*measure, "AP50");
  };
  EXPECT_NEAR(ap(ApProtocol::kCoco), 1, 1e-12);
  EXPECT_NEAR(ap(ApProtocol::kVocAllPoint), 0.5, 1e-12);
  EXPECT_NEAR(ap(ApProtocol::kVocAllPointInclusive), 0.5, 1e-12);
  EXPECT_NEAR(ap(ApProtocol::kVoc11Point), 6. / 11, 1e-12);
}

TEST_F(Measures, OfDepthBringTheLimitsAndTheCropOfTheirProtocol) {
  DepthSettings settings;
  settings.protocol = DepthProtocol::kKitti;
  const auto twice_as_far = [](Prediction& prediction) {
    for (double& metres : prediction.depth) metres *= 2;
  };
  const auto measure = measured(settings, twice_as_far);
  EXPECT_NEAR(value(*measure, "abs_rel"), 1, 1e-12) << "nothing is clamped";
  EXPECT_GT(value(*measure, "iRMSE"), 0);
  EXPECT_THAT(measure->report().rules, testing::EndsWith("; 0 m < truth, crop none"));
  settings.max_depth = 5;
  EXPECT_LT(value(*measured(settings, twice_as_far), "abs_rel"), 1);
  settings.protocol = DepthProtocol::kNyu;
  EXPECT_THROW(measured(settings, twice_as_far), DataError) << "NYUv2's crop is for 480 x 640";
}

TEST_F(Measures, AnObjectWithoutAMaskIsNeverFound) {
  Targets truth = SegmentedScenes().targets(0);
  const Prediction prediction = ideal_prediction(truth);
  for (Instance& instance : truth.instances) instance.mask = {};
  const auto measure = make_measure(MaskSettings{}, SegmentedScenes().vocabulary());
  measure->add({0, "picture", prediction, truth});
  EXPECT_EQ(value(*measure, "AP"), 0);
}

TEST_F(Measures, OfClassesNeedClasses) {
  for (const MetricSettings& settings :
       {MetricSettings(BoxSettings{}), MetricSettings(PanopticSettings{}), MetricSettings(SemanticSettings{})})
    EXPECT_THROW(make_measure(settings, {}), UsageError);
  EXPECT_EQ(make_measure(LossSettings{}, {}), nullptr);
}

TEST_F(Measures, AScoreThatIsNoNumberIsNamed) {
  Prediction prediction = ideal_prediction(SegmentedScenes().targets(0));
  prediction.detections.at(0).score = std::nan("");
  const auto measure = make_measure(BoxSettings{}, SegmentedScenes().vocabulary());
  try {
    measure->add({0, "picture 7", prediction, SegmentedScenes().targets(0)});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("picture 7"));
  }
}

}  // namespace
}  // namespace glid
