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
  for (uint16_t& label : p.semantic) label = rng.uniform() < 0.7 ? label : static_cast<uint16_t>(rng.below(kNumSceneLabels));
  const uint32_t last = p.panoptic.segments.back().id;
  for (uint32_t& segment : p.panoptic.ids) segment = rng.uniform() < 0.8 ? segment : last;
  return p;
}

class Results : public testing::Test {
 protected:
  // Of the scenes with rank of size `size`.
  void add(int64_t rank, int64_t size, Measure& measure, ResultFiles& files) const {
    for (int64_t id = rank; id < scenes.size(); id += size) {
      const Targets truth = scenes.targets(id);
      const Prediction prediction = shaken(truth, id);
      const std::string name = scenes.name(id);
      const PredictedSample sample{id, name, prediction, truth};
      measure.add(sample);
      files.add(sample);
    }
  }
  // What is measured, and what glid_eval says of the files that two ranks wrote.
  void expect_same(const MetricSettings& settings) const {
    const auto measure = make_measure(settings, scenes.vocabulary());
    std::vector<std::unique_ptr<ResultFiles>> ranks;
    std::vector<std::string> records;
    for (int64_t rank = 0; rank < 2; ++rank) {
      ranks.push_back(make_result_files(settings, scenes, out, {}));
      add(rank, 2, *measure, *ranks.back());
      records.push_back(ranks.back()->records());
    }
    ranks[1]->finish(records);
    std::vector<std::string> options = scoring_options(settings, scenes.vocabulary(), out);
    options.insert(options.end(), {"--json", (out / "report.json").string()});
    const ProgramResult ran = run("glid_eval", options);
    ASSERT_EQ(ran.code, 0) << ran.output;
    const Json of_files = Json::parse(read_file(out / "report.json"), "files"),
               of_model = Json::parse(report_json(measure->report()), "model");
    for (const char* part : {"task", "protocol", "rules", "images", "metrics", "variants"})
      EXPECT_EQ(of_files.at(part).dump(), of_model.at(part).dump()) << part;
  }

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

TEST_F(Results, DepthMayBeAPng) {
  const auto files = make_result_files(DepthSettings{}, scenes, out, {.depth_png = true});
  const Targets truth = scenes.targets(0);
  const Prediction prediction = ideal_prediction(truth);
  files->add({0, "scene", prediction, truth});
  const DepthMap map = read_depth_png(out / "depth" / "000000000000.png", 1000);
  EXPECT_NEAR(map.metres.at(5), prediction.depth.at(5), 0.5e-3 + 1e-9);
}

TEST_F(Results, OfALossAreNone) { EXPECT_EQ(make_result_files(LossSettings{}, scenes, out, {}), nullptr); }

}  // namespace
}  // namespace glid
