#include "glid/eval/prediction_files.h"

#include <gtest/gtest.h>

#include "glid/core/files.h"
#include "glid/formats/label_map.h"
#include "glid/formats/npy.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

const Vocabulary kClasses{.images = {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}, {5, "e"}, {6, "f"}},
                          .objects = {{1, "cat"}, {5, "dog"}},
                          .labels = {{0, "sky"}},
                          .segments = {{7, "sky"}, {9, "dog"}},
                          .is_thing = {false, true}};

TEST(PredictionRecord, HasDetectionsAsCocoDoes) {
  const Prediction prediction{
      .height = 2,
      .width = 3,
      .detections = {
          {.category = 1, .score = 0.25, .box = {0.5, 1, 2, 2}, .mask = {2, 3, {2, 4}}, .keypoints = {{1.5, 2, 0.75}}},
          {.score = 0.125}}};
  EXPECT_EQ(prediction_record(prediction, kClasses, "x").dump(),
            R"({"width":3,"height":2,"detections":[{"category":"dog","category_id":5,"score":0.25,)"
            R"("bbox":[0.5,1,1.5,1],"segmentation":{"size":[2,3],"counts":"24"},"keypoints":[1,1.5,0.75]},)"
            R"({"category":"cat","category_id":1,"score":0.125,"bbox":[0,0,0,0]}]})");
  EXPECT_EQ(prediction_record({.height = 2, .width = 3}, kClasses, "x").dump(), R"({"width":3,"height":2,"detections":[]})")
      << "nothing was found";
}

TEST(PredictionRecord, HasTheBestFiveClasses) {
  const Prediction prediction{.height = 1, .width = 1, .label_scores = {0.1, 0.3, 0.1, 0.2, 0.05, 0.25}};
  const Json record = prediction_record(prediction, kClasses, "x");
  std::string names;
  for (const Json& label : record.at("labels").as_array()) names += label.at("category").as_string();
  EXPECT_EQ(names, "bfdac");
  EXPECT_EQ(record.at("labels").as_array()[0].at("score").as_double(), 0.3);
  EXPECT_FALSE(record.find("detections"));
}

TEST(PredictionRecord, NamesMapsThatAreThere) {
  const Prediction prediction{
      .height = 1, .width = 3, .semantic = {0, 0, 0}, .panoptic = {{4, 4, 9}, {{4, 1}, {9, 0}}}, .depth = {1, 2, 3}};
  const Json record = prediction_record(prediction, kClasses, "d/x");
  EXPECT_EQ(record.at("segments").dump(), R"([{"category":"dog","category_id":9,"id":4,"is_thing":true,"area":2},)"
                                          R"({"category":"sky","category_id":7,"id":9,"is_thing":false,"area":1}])");
  const TemporaryFolder folder;
  put_prediction_maps(folder.path(), "d/x", prediction);
  EXPECT_EQ(read_label_png(folder.path() / record.at("semantic").as_string()).labels, prediction.semantic);
  EXPECT_EQ(read_panoptic_png(folder.path() / record.at("panoptic").as_string()).ids, prediction.panoptic.ids);
  EXPECT_EQ(read_npy(folder.path() / record.at("depth").as_string()).to_doubles(), prediction.depth);
}

TEST(PredictionList, IsOneDocument) {
  const TemporaryFolder folder;
  PredictionList list(folder.path(), Json::object().set("task", "depth"));
  list.add(Json::object().set("name", "a"));
  list.add(Json::object().set("name", "b"));
  list.finish({"M\xFCller.jpg"});
  const std::string text = read_file(folder.path() / "predictions.json");
  EXPECT_EQ(Json::parse(text, "list").dump(),
            R"({"task":"depth","images":[{"name":"a"},{"name":"b"}],"unreadable":["M\\xFCller.jpg"]})");
}

}  // namespace
}  // namespace glid
