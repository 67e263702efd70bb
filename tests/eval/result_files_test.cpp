// What is written scores the same numbers as what was measured.
#include "glid/eval/result_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/json.h"
#include "glid/core/rng.h"
#include "glid/formats/depth_map.h"
#include "segmented_scenes.h"
#include "support/program.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// Shaken, so that every digit counts: boxes and depths are off by fractions, parts of labels and masks are wrong, a segment
// takes another's pixels, scores have ties across images.
Prediction shaken(const Targets& truth, int64_t id) {
  Prediction p = ideal_prediction(truth);
  Rng rng(7, 0, static_cast<uint64_t>(id), RandomOp::kCrop);
  for (Detection& d : p.detections) {
    d.box = {d.box.x0 + rng.uniform(-4, 4), d.box.y0 + rng.uniform(-4, 4), d.box.x1 + rng.uniform(-4, 4),
             d.box.y1 + rng.uniform(-4, 4)};
    d.score = static_cast<double>(rng.below(4)) / 3;
    std::vector<uint8_t> mask = mask_from_rle(d.mask);
    for (uint8_t& pixel : mask) pixel = rng.uniform() < 0.8 ? pixel : 0;
    d.mask = rle_from_mask(mask, p.height, p.width);
  }
  for (double& metres : p.depth) metres *= rng.uniform(0.7, 1.3);
  for (uint16_t& label : p.semantic)
    label = rng.uniform() < 0.7 ? label : static_cast<uint16_t>(rng.below(kSceneClasses.size() + 1));
  const uint32_t last = p.panoptic.segments.back().id;
  for (uint32_t& segment : p.panoptic.ids) segment = rng.uniform() < 0.8 ? segment : last;
  return p;
}

// The objects of the scenes as persons, a sample each.
class ScenePersons : public SegmentedScenes {
 public:
  ScenePersons() {
    for (int64_t image = 0; image < SegmentedScenes::size(); ++image)
      for (size_t i = 0; i < SegmentedScenes::targets(image).instances.size(); ++i) persons_.emplace_back(image, i);
    vocabulary_.objects = {{1, "person"}};
  }
  int64_t size() const override { return std::ssize(persons_); }
  Targets targets(int64_t id) const override {
    const auto& [image, number] = persons_.at(static_cast<size_t>(id));
    Targets targets = SegmentedScenes::targets(image);
    for (Instance& instance : targets.instances) instance.category = 0;
    targets.person = {.image = image,
                      .of_image = std::ssize(targets.instances),
                      .box = targets.instances[number].box,
                      .score = 1,
                      .instance = static_cast<int64_t>(number)};
    return targets;
  }
  ImageId image_id(int64_t id) const override { return 7 * persons_.at(static_cast<size_t>(id)).first + 100; }
  std::string name(int64_t id) const override { return "person " + std::to_string(id); }

 private:
  std::vector<std::pair<int64_t, size_t>> persons_;
};

Prediction shaken_pose(const Targets& truth, int64_t id) {
  Rng rng(8, 0, static_cast<uint64_t>(id), RandomOp::kCrop);
  const Instance& person = truth.instances.at(static_cast<size_t>(*truth.person->instance));
  Detection pose{.score = rng.uniform(), .box = person.box};
  for (const Keypoint& joint : person.keypoints)
    pose.keypoints.push_back({joint.x + rng.uniform(-3, 3), joint.y + rng.uniform(-3, 3), 0.5});
  return {.height = SegmentedScenes::kSizePx, .width = SegmentedScenes::kSizePx, .detections = {pose}};
}

class Results : public testing::Test {
 protected:
  // What is measured, and what glid_eval says of the files that two ranks wrote.
  template <class Predict>
  std::pair<Json, Json> scored(const MetricSettings& settings, const AnnotatedDataset& images,
                               const Predict& predict) const {
    const auto measure = make_measure(settings, images.vocabulary());
    std::unique_ptr<ResultFiles> ranks[2];
    for (auto& rank : ranks) rank = std::move(make_result_files(settings, images, out, {}).at(0));
    for (int64_t id = num_unread; id < images.size(); ++id) {
      const Targets truth = images.targets(id);
      const Prediction prediction = predict(truth, id);
      const std::string name = images.name(id);
      const PredictedSample sample{id, name, prediction, truth};
      measure->add(sample);
      ranks[id % 2]->add(sample);
    }
    ranks[1]->finish({ranks[0]->records(), ranks[1]->records()});
    std::vector<std::string> options = options_of(scoring_requests(settings, images.vocabulary(), out).at(0));
    options.insert(options.end(), {"--json", (out / "report.json").string()});
    const ProgramResult ran = run("glid_eval", options);
    EXPECT_EQ(ran.code, 0) << ran.output;
    return {Json::parse(read_file(out / "report.json"), "files"), Json::parse(report_json(measure->report()), "model")};
  }
  void expect_same(const MetricSettings& settings) const {
    const auto [of_files, of_model] = scored(settings, scenes, shaken);
    for (const char* part : {"task", "protocol", "rules", "images", "metrics", "variants"})
      EXPECT_EQ(of_files.at(part).dump(), of_model.at(part).dump()) << part;
  }

  int64_t num_unread = 0;  // of the first samples
  const SegmentedScenes scenes;
  TemporaryFolder folder;
  const fs::path out = folder.path();
};

TEST_F(Results, OfBoxesScoreTheSame) { expect_same(BoxSettings{}); }
TEST_F(Results, OfMasksScoreTheSame) { expect_same(MaskSettings{}); }
TEST_F(Results, OfSegmentsScoreTheSame) { expect_same(PanopticSettings{}); }
TEST_F(Results, OfLabelsScoreTheSame) { expect_same(SemanticSettings{MeanIouProtocol::kMmseg}); }
TEST_F(Results, OfDepthScoreTheSame) {
  DepthSettings settings;
  settings.crop = DepthCrop::kNone;
  settings.max_depth = 8;
  expect_same(settings);
}
TEST_F(Results, KeepTheSettingsOfTheRun) {
  BoxSettings settings;
  settings.protocol = ApProtocol::kPooled;
  settings.iou_thresholds = {{0.1, 0.25}};
  expect_same(settings);
}

// PCK is the model's only.
TEST_F(Results, OfPosesScoreTheSame) {
  KeypointSettings settings;
  settings.sigmas = std::vector<double>(5, 0.1);
  const auto [of_files, of_model] = scored(settings, ScenePersons(), shaken_pose);
  for (const auto& [name, value] : of_files.at("metrics").as_object())
    EXPECT_EQ(value.dump(), of_model.at("metrics").at(name).dump()) << name;
  EXPECT_GT(of_files.at("metrics").at("AP").as_double(), 0.1);
  EXPECT_LT(of_files.at("metrics").at("AP").as_double(), 0.9);
}

// An image of which a person couldn't be read counts nowhere.
TEST_F(Results, OfPosesHoldWholeImagesOnly) {
  KeypointSettings settings;
  settings.sigmas = std::vector<double>(5, 0.1);
  const ScenePersons persons;
  ASSERT_GT(persons.targets(0).person->of_image, 1);
  num_unread = 1;
  const auto [of_files, of_model] = scored(settings, persons, shaken_pose);
  EXPECT_EQ(of_files.at("images").as_int(), scenes.size() - 1);
  EXPECT_EQ(of_model.at("images").as_int(), scenes.size() - 1);
  EXPECT_EQ(of_files.at("metrics").at("AP").dump(), of_model.at("metrics").at("AP").dump());
}

TEST_F(Results, DepthMayBeAPngInTheUnitsOfTheProtocol) {
  const Targets truth = scenes.targets(0);
  const Prediction prediction = ideal_prediction(truth);
  for (const auto& [protocol, units] : {std::pair{DepthProtocol::kNyu, 1000.0}, {DepthProtocol::kKitti, 256.0}}) {
    const auto files =
        std::move(make_result_files(DepthSettings{.protocol = protocol}, scenes, out, {.depth_png = true}).at(0));
    files->add({0, "scene", prediction, truth});
    const DepthMap map = read_depth_png(out / "depth" / "000000000000.png", units);
    EXPECT_NEAR(map.metres.at(5), prediction.depth.at(5), 0.5 / units + 1e-9);
  }
}

TEST_F(Results, OfALossAreNone) { EXPECT_TRUE(make_result_files(LossSettings{}, scenes, out, {}).empty()); }

}  // namespace
}  // namespace glid
