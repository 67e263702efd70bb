#include "glid/eval/blind_predictor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/data/persons.h"
#include "glid/data/scenes.h"
#include "glid/eval/measure.h"

namespace glid {
namespace {

// Samples of different sizes that are all alike but for the noise on one of them; sample 2 can't be read.
class Alike : public AnnotatedDataset {
 public:
  Alike() {
    vocabulary_.objects = {{1, "cat"}, {2, "dog"}};
    vocabulary_.labels = {{0, "left"}, {1, "right"}};
    vocabulary_.images = {{0, "a"}, {1, "b"}, {2, "c"}};
    vocabulary_.has_depth = true;
  }
  int64_t size() const override { return 4; }
  std::string name(int64_t id) const override { return std::to_string(id); }
  Fingerprint fingerprint() const override { return {}; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t, Inspection&) const override {}

  Sample get(int64_t id) const override {
    if (id == 2) throw DataError("2", "can't be read");
    const int64_t height = 64 + 8 * id, width = 2 * height;
    const double h = static_cast<double>(height);
    Sample sample{id, name(id), {height, width, std::vector<uint8_t>(static_cast<size_t>(3 * height * width))}, {}};
    for (int64_t i = 0; i < height * width; ++i) {
      const bool is_right = i % width >= height;
      sample.targets.semantic.push_back(is_right ? 1 : 0);
      sample.targets.depth.push_back(is_right ? 0.0F : 2.0F + static_cast<float>(id));  // the right was not measured
    }
    sample.targets.instances.push_back({.category = 0, .box = {0, 0, h / 2, h / 2}});
    if (id > 0) sample.targets.instances.push_back({.category = 1, .box = {h, 0, 2 * h, h}});
    sample.targets.label = id == 3 ? 2 : 0;
    return sample;
  }

 private:
  Vocabulary vocabulary_;
};

TEST(BlindPredictor, SaysWhatIsUsualAtEachPlace) {
  const BlindPredictor blind = BlindPredictor::learn(Alike(), 5);
  const Prediction p = blind.predict(32, 64);
  ASSERT_EQ(p.depth.size(), 32u * 64);
  EXPECT_FLOAT_EQ(static_cast<float>(p.depth[0]), (2.0F + 3 + 5) / 3);
  EXPECT_NEAR(p.depth[63], (2.0 + 3 + 5) / 3, 1e-6);  // never measured: the mean of all places
  EXPECT_EQ(p.semantic[0], 0);
  EXPECT_EQ(p.semantic[63], 1);
  EXPECT_TRUE(p.panoptic.ids.empty());
  ASSERT_EQ(p.detections.size(), 2u);  // two clusters of one class each, by share: 3 cats, 2 dogs
  EXPECT_EQ(p.detections[0].category, 0);
  EXPECT_FLOAT_EQ(static_cast<float>(p.detections[0].score), 0.6F);
  EXPECT_NEAR(p.detections[0].box.x1, 16, 1e-5);
  EXPECT_EQ(p.detections[1].category, 1);
  EXPECT_NEAR(p.detections[1].box.x0, 32, 1e-5);
  ASSERT_EQ(p.label_scores.size(), 3u);
  EXPECT_FLOAT_EQ(static_cast<float>(p.label_scores[0]), 2.0F / 3);
}

TEST(BlindPredictor, IsItsState) {
  const BlindPredictor blind = BlindPredictor::learn(Scenes({.count = 30, .size_px = 32}, Split::kTrain), 5);
  const BlindPredictor of_text = BlindPredictor::of_text(blind.to_text());
  ASSERT_EQ(of_text.state().size(), blind.state().size());
  for (const auto& [name, array] : blind.state()) {
    EXPECT_EQ(of_text.state().at(name).shape, array.shape) << name;
    EXPECT_EQ(of_text.state().at(name).values, array.values) << name;
  }
  const Prediction a = blind.predict(48, 32), b = BlindPredictor(blind.state()).predict(48, 32);
  EXPECT_EQ(a.depth, b.depth);
  EXPECT_EQ(a.semantic, b.semantic);
  ASSERT_GT(a.detections.size(), 3u);
  ASSERT_EQ(a.detections.size(), b.detections.size());
  EXPECT_EQ(a.detections[0].box, b.detections[0].box);
  EXPECT_EQ(rle_area(a.detections[0].mask),  // scenes have masks: boxes are filled
            static_cast<uint64_t>((std::floor(a.detections[0].box.x1 + .5) - std::floor(a.detections[0].box.x0 + .5)) *
                                  (std::floor(a.detections[0].box.y1 + .5) - std::floor(a.detections[0].box.y0 + .5))));
}

// The mean at each place is closer than any one number.
TEST(BlindPredictor, BeatsAConstantOnScenes) {
  const Scenes train({.count = 60, .size_px = 32}, Split::kTrain), val({.count = 60, .size_px = 32}, Split::kVal);
  const BlindPredictor blind = BlindPredictor::learn(train, 5);
  const auto rmse = [&](bool constant) {
    const auto measure = make_measure(DepthSettings{.crop = DepthCrop::kNone}, val.vocabulary());
    for (int64_t id = 0; id < val.size(); ++id) {
      const Sample sample = val.get(id);
      Prediction p = blind.predict(32, 32);
      if (constant) p.depth.assign(p.depth.size(), 1.0);
      measure->add({id, sample.name, p, sample.targets});
    }
    return *measure->metric().values()[2].value;
  };
  EXPECT_LT(rmse(false), 0.7 * rmse(true));
}

TEST(BlindPredictor, PutsTheMeanPoseInAPersonsBox) {
  const Scenes figures({.count = 40, .size_px = 64, .kind = SceneKind::kFigures}, Split::kTrain);
  const BlindPredictor blind = BlindPredictor::learn(figures, 1);
  const std::vector<double> sigmas(figures.vocabulary().joints.size(), 0.05);
  const auto measure = make_measure(KeypointSettings{{}, sigmas}, figures.vocabulary());
  for (int64_t id = 0; id < figures.size(); ++id) {
    const Sample sample = figures.get(id);
    Targets truth = sample.targets;
    truth.person = person_of(sample);
    const Prediction prediction = blind.predict(64, 64, truth.person);
    ASSERT_EQ(prediction.detections.size(), 1u);
    measure->add({id, sample.name, prediction, truth});
  }
  const MetricValue correct = measure->metric().values().back();
  EXPECT_EQ(correct.name, "PCK@0.1");
  EXPECT_GT(correct.value.value(), 0.25);
  EXPECT_LT(correct.value.value(), 0.75);
  EXPECT_TRUE(blind.predict(64, 64, Person{}).detections.empty());
}

// A picture in which nothing is labelled, of a set that could have everything.
class Unlabelled : public AnnotatedDataset {
 public:
  Unlabelled() {
    vocabulary_.labels = vocabulary_.segments = {{0, "sky"}, {1, "sea"}};
    vocabulary_.is_thing = {false, false};
    vocabulary_.has_depth = true;
  }
  int64_t size() const override { return 1; }
  std::string name(int64_t) const override { return "empty"; }
  Fingerprint fingerprint() const override { return {}; }
  const Vocabulary& vocabulary() const override { return vocabulary_; }
  void inspect(int64_t, Inspection&) const override {}
  Sample get(int64_t id) const override {
    Sample sample{id, name(id), {8, 8, std::vector<uint8_t>(192)}, {}};
    sample.targets.semantic.assign(64, kIgnoreLabel);
    sample.targets.panoptic.ids.assign(64, 0);
    sample.targets.depth.assign(64, 0);
    return sample;
  }

 private:
  Vocabulary vocabulary_;
};

TEST(BlindPredictor, HasAMapOfEveryKindThoughNothingIsLabelled) {
  const Prediction p = BlindPredictor::learn(Unlabelled(), 5).predict(10, 10);
  EXPECT_EQ(p.semantic.size(), 100u);
  EXPECT_EQ(p.panoptic.ids.size(), 100u);
  EXPECT_EQ(p.depth.size(), 100u);
}

TEST(BlindPredictor, SaysThatThereIsNothingToFind) {
  class WithoutArea : public Alike {
    Sample get(int64_t id) const override {
      Sample sample = Alike::get(id);
      for (Instance& instance : sample.targets.instances) instance.box.x1 = instance.box.x0;
      return sample;
    }
  };
  const auto said_of = [](const AnnotatedDataset& data) {
    testing::internal::CaptureStderr();
    BlindPredictor::learn(data, 5);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(said_of(WithoutArea()), testing::HasSubstr("none of 3 training samples has any object with a box"));
  EXPECT_EQ(said_of(Alike()), "");
  const std::string unlabelled = said_of(Unlabelled());
  for (const char* what : {"pixel of a class", "pixel of a segment", "pixel with a depth"})
    EXPECT_THAT(unlabelled, testing::HasSubstr(what));
  EXPECT_THAT(unlabelled, testing::Not(testing::HasSubstr("object")));  // it is of no set of objects
}

TEST(BlindPredictor, NeedsASampleThatCanBeRead) {
  class Broken : public Alike {
    Sample get(int64_t) const override { throw DataError("x", "can't be read"); }
  };
  EXPECT_THAT([] { BlindPredictor::learn(Broken(), 1); },
              testing::ThrowsMessage<DataError>(testing::EndsWith("no sample could be read, for one x: can't be read")));
}

}  // namespace
}  // namespace glid
