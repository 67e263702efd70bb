// glid_predict says what glid_eval --checkpoint says of the same images, bit for bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <regex>

#include "glid/data/scenes.h"
#include "glid/formats/image_file.h"
#include "support/evaluated_run.h"
#include "support/predictions.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

// Generated scenes as files in a data set's layout: 40 to train on, 4 others to predict.
class DemoScenes {
 public:
  explicit DemoScenes(const std::string& layout) {
    const ProgramResult made = run("glid_data", {"make-demo", "--out", path().string(), "--layout", layout, "--kind",
                                                 "classes", "--count", "40", "--size", "40"});
    EXPECT_EQ(made.code, 0) << made.output;
  }
  fs::path path() const { return folder_.path() / "data"; }

 private:
  TemporaryFolder folder_;
};

std::vector<std::string> settings_of(const fs::path& data, const std::string& name, const std::vector<std::string>& more) {
  std::vector<std::string> settings{"data={name: " + name + ", root: " + data.string() + ", image_size: 24, workers: 1}",
                                    "train.steps=4",
                                    "train.batch_size=8",
                                    "optim.lr=2e-3",
                                    "log.pictures_every_steps=0",
                                    "eval.every_steps=4"};
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

// What an official file tells of an object besides its image.
bool says(const Json& detection, const Json& official) {
  return std::ranges::all_of(official.as_object(), [&](const auto& member) {
    const Json* value = detection.find(member.first);
    return member.first == "image_id" || (value != nullptr && value->dump() == member.second.dump());
  });
}

// What an official file has stands in predictions.json, bit for bit, the best first. How many there are.
size_t expect_detections_of(const Json& list, const fs::path& official) {
  std::map<std::string, Json::Array> found;
  for (const Json& image : list.at("images").as_array()) {
    const Json::Array& detections = image.at("detections").as_array();
    EXPECT_TRUE(std::ranges::is_sorted(detections, std::greater(), [](const Json& d) { return d.at("score").as_double(); }));
    found[image.at("image_id").dump()] = detections;
  }
  const Json records = Json::parse(read_file(official), official.string());
  for (const Json& record : records.as_array()) {
    const Json::Array& detections = found[record.at("image_id").dump()];
    EXPECT_TRUE(std::ranges::any_of(detections, [&](const Json& d) { return says(d, record); })) << record.dump();
  }
  return records.as_array().size();
}

size_t num_detections(const Json& list) {
  size_t count = 0;
  for (const Json& image : list.at("images").as_array()) count += image.at("detections").as_array().size();
  return count;
}

struct PredictedTask {
  const char* name;
  const char* layout;
  const char* data;    // of the run
  const char* images;  // below the data
  std::vector<std::string> settings;
  std::vector<std::string> keys;  // of an image in predictions.json
};
std::ostream& operator<<(std::ostream& out, const PredictedTask& task) { return out << task.name; }

class PredictedTasks : public testing::TestWithParam<PredictedTask> {};

TEST_P(PredictedTasks, AreGlidEvalsBitForBit) {
  const PredictedTask& task = GetParam();
  const DemoScenes scenes(task.layout);
  const EvaluatedRun trained(settings_of(scenes.path(), task.data, task.settings));
  const TemporaryFolder folder;
  const fs::path expected = folder.path() / "eval", found = folder.path() / "predict", images = scenes.path() / task.images;
  const ProgramResult evaluated = run_evaluation(trained.path(), {"--batch", "3", "--out", expected.string()});
  ASSERT_EQ(evaluated.code, 0) << evaluated.output;
  const ProgramResult official =
      predict(trained.path(), images, found, {"--batch", "3", "--format", "official", "--no-pictures"});
  ASSERT_EQ(official.code, 0) << official.output;
  const std::vector<std::string> written = files_below(found);
  EXPECT_FALSE(written.empty());
  for (const std::string& file : written) EXPECT_TRUE(read_file(found / file) == read_file(expected / file)) << file;
  EXPECT_EQ(written, files_below(expected, expected / "truth"));

  const fs::path out = folder.path() / "json";
  const ProgramResult ran = predict(trained.path(), images, out, {"--batch", "3"});
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("wrote " + out.string() + ": predictions of "));
  const Json list = list_in(out);
  EXPECT_EQ(list.at("task").as_string(), task.name);
  EXPECT_EQ(list.at("images").as_array().size(), 4u);
  EXPECT_TRUE(list.at("unreadable").as_array().empty());
  for (const Json& image : list.at("images").as_array()) {
    EXPECT_EQ(image.at("width").as_int(), 40);
    EXPECT_TRUE(fs::exists(image.at("file").as_string()));
    EXPECT_GT(read_image(out / image.at("picture").as_string()).width, 40);
    for (const std::string& key : task.keys) EXPECT_TRUE(image.find(key)) << key;
  }
  for (const char* official_file : {"box.json", "mask.json"})
    if (fs::exists(found / official_file)) {
      const size_t num_official = expect_detections_of(list, found / official_file);
      EXPECT_GT(num_official, 0u);
      EXPECT_EQ(num_detections(list), num_official);
    }
  for (const char* maps : {"semantic", "depth", "panoptic"})
    if (fs::is_directory(found / maps)) {
      for (const std::string& file : files_below(found / maps))
        EXPECT_TRUE(read_file(out / maps / file) == read_file(found / maps / file)) << file;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Tasks, PredictedTasks,
    testing::Values(PredictedTask{"detection",
                                  "coco",
                                  "coco",
                                  "val2017",
                                  {"eval.metric=box",
                                   "task={name: detection, queries: 12, one_to_many: {queries: 0}, box_reference: learned, "
                                   "query_init: grid}"},
                                  {"detections"}},
                    PredictedTask{"instance",
                                  "coco",
                                  "coco",
                                  "val2017",
                                  {"eval.metric=mask", "task={name: instance, queries: 9, points: 32}"},
                                  {"detections"}},
                    PredictedTask{"panoptic",
                                  "coco",
                                  "coco_panoptic",
                                  "val2017",
                                  {"eval.metric=panoptic", "task={name: panoptic, queries: 9, points: 32}"},
                                  {"segments", "panoptic"}},
                    PredictedTask{
                        "semantic",
                        "pairs",
                        "pairs",
                        "images/val",
                        {"eval.metric=semantic", "task={name: semantic, queries: 9, points: 32}", "data.num_classes=7"},
                        {"semantic"}},
                    PredictedTask{"depth",
                                  "pairs",
                                  "pairs",
                                  "images/val",
                                  {"eval={metric: depth, crop: none}", "task={name: depth, bins: 8}", "data.target=depth"},
                                  {"depth"}}),
    [](const auto& info) { return info.param.name; });

// Queries of several tasks are the first one's, and so are their classes.
TEST(PredictedAttention, OfSeveralTasksKnowsClasses) {
  const DemoScenes scenes("coco");
  const std::string of_part = "{queries: 4, points: 32}";
  const EvaluatedRun trained(
      {"train.steps=1", "log.pictures_every_steps=0",
       "data={name: scenes, kind: classes, count: 64, size: 32, image_size: 24, workers: 1}",
       "eval={metric: multitask, tasks: [instance, semantic]}",
       "task={name: multitask, tasks: [instance, semantic], instance: " + of_part + ", semantic: " + of_part + "}"});
  const TemporaryFolder folder;
  const fs::path out = folder.path() / "out";
  const ProgramResult ran = predict(trained.path(), scenes.path() / "val2017", out, {"--attention", "top"});
  ASSERT_EQ(ran.code, 0) << ran.output;
  const Json list = list_in(out);
  for (const Json& image : list.at("images").as_array()) {
    const Json& look = image.at("attention").as_array().at(0);
    EXPECT_LT(look.at("query").as_int(), 4);
    EXPECT_THAT(kSceneClasses, testing::Contains(look.at("category").as_string()));
    for (const Json& detection : image.at("detections").as_array()) EXPECT_FALSE(detection.find("query"));
  }
  expect_one_line(predict(trained.path(), scenes.path(), folder.path() / "none", {"--attention", "4"}), 2,
                  "--attention: is no query of the task");
}

// ---- Photographs of people's own, which a COCO file numbers.

// Calls the validation images as cameras do, in another order than that of their ids.
fs::path give_own_names(const fs::path& data) {
  const fs::path annotations = data / "annotations/instances_val2017.json";
  std::string text = read_file(annotations);
  int number = 90;
  for (const std::string& name : files_below(data / "val2017")) {
    const std::string own = format("IMG {}.jpg", number--);
    fs::rename(data / "val2017" / name, data / "val2017" / own);
    text.replace(text.find(name), name.size(), own);
  }
  write_file(annotations, text);
  return annotations;
}

TEST(PredictedPhotographs, HaveTheIdsOfTheirAnnotations) {
  const DemoScenes scenes("coco");
  const fs::path annotations = give_own_names(scenes.path()), images = scenes.path() / "val2017";
  const EvaluatedRun trained(settings_of(
      scenes.path(), "coco", {"eval.metric=box", "task={name: detection, queries: 12, one_to_many: {queries: 0}}"}));
  const TemporaryFolder folder;
  const fs::path expected = folder.path() / "eval", found = folder.path() / "predict", unnamed = folder.path() / "names";
  const std::vector<std::string> official{"--batch", "3", "--format", "official", "--no-pictures"};
  std::vector<std::string> numbered = official;
  numbered.insert(numbered.end(), {"--annotations", annotations.string()});
  ASSERT_EQ(run_evaluation(trained.path(), {"--batch", "3", "--out", expected.string()}).code, 0);
  const ProgramResult ran = predict(trained.path(), images, found, numbered);
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_TRUE(read_file(found / "box.json") == read_file(expected / "box.json"));
  EXPECT_THAT(ran.output, Not(HasSubstr("of another size")));
  const std::string wide = std::regex_replace(read_file(annotations), std::regex("\"width\": ?40"), "\"width\":41");
  write_file(folder.path() / "wide.json", wide);
  numbered.back() = (folder.path() / "wide.json").string();
  EXPECT_THAT(predict(trained.path(), images, folder.path() / "wide", numbered).output,
              HasSubstr("4 images are of another size than " + numbered.back() + " says"));
  numbered.back() = annotations.string();
  const auto score = [&](const fs::path& results) {
    return run("glid_eval",
               {"--task", "box", "--results", (results / "box.json").string(), "--annotations", annotations.string()});
  };
  EXPECT_EQ(score(found).code, 0);
  ASSERT_EQ(predict(trained.path(), images, unnamed, official).code, 0);
  expect_one_line(score(unnamed), 3,
                  "the annotations' ids are numbers); glid_predict --annotations FILE gives results the ids");
}

// ---- Pose: persons are looked for in boxes.

// A box of every annotation of the validation images, as a detector would find it.
void write_boxes_of(const fs::path& data, const fs::path& file) {
  const fs::path annotations = data / "annotations" / "person_keypoints_val2017.json";
  Json::Array boxes;
  const Json truth = Json::parse(read_file(annotations), annotations.string());
  for (const Json& annotation : truth.at("annotations").as_array()) {
    Json box = Json::object();
    box.set("image_id", annotation.at("image_id")).set("category_id", annotation.at("category_id"));
    boxes.push_back(box.set("bbox", annotation.at("bbox")).set("score", 0.75));
  }
  write_file(file, Json(std::move(boxes)).dump());
}

// Where queries look stands in the order of the boxes, and says whose detection it is.
void expect_attention_of_boxes(const Json& image, const fs::path& boxes) {
  const Json::Array &looks = image.at("attention").as_array(), &detections = image.at("detections").as_array();
  ASSERT_EQ(looks.size(), detections.size());
  size_t person = 0;
  const Json all = Json::parse(read_file(boxes), boxes.string());
  for (const Json& box : all.as_array()) {
    if (box.at("image_id").dump() != image.at("image_id").dump()) continue;
    const Json& look = looks.at(person);
    EXPECT_EQ(look.at("picture").as_string(), format("attention/{}_{}.jpg", image.at("name").as_string(), person++));
    const Json& detection = detections.at(static_cast<size_t>(look.at("detection").as_int()));
    EXPECT_EQ(look.at("name").as_string(), "centre");
    for (const size_t side : {0, 1, 2, 3})
      EXPECT_NEAR(detection.at("bbox").as_array()[side].as_double(), box.at("bbox").as_array()[side].as_double(), 1e-4);
  }
  EXPECT_EQ(person, looks.size());
}

TEST(PredictedPoses, AreGlidEvalsInTheSameBoxes) {
  const DemoScenes scenes("coco");
  const EvaluatedRun trained(settings_of(scenes.path(), "coco_pose",
                                         {"task={name: pose}", "eval={metric: keypoint, sigmas: [.5, .5, .5, .5, .5]}"}));
  const TemporaryFolder folder;
  const fs::path boxes = folder.path() / "boxes.json", expected = folder.path() / "eval", found = folder.path() / "found";
  const fs::path images = scenes.path() / "val2017";
  write_boxes_of(scenes.path(), boxes);
  const ProgramResult evaluated =
      run_evaluation(trained.path(), {"--batch", "3", "--out", expected.string(), "--set", "data.boxes=" + boxes.string()});
  ASSERT_EQ(evaluated.code, 0) << evaluated.output;
  const ProgramResult official =
      predict(trained.path(), images, found, {"--batch", "3", "--format", "official", "--boxes", boxes.string()});
  ASSERT_EQ(official.code, 0) << official.output;
  EXPECT_TRUE(read_file(found / "keypoint.json") == read_file(expected / "keypoint.json"));
  EXPECT_EQ(files_below(found / "pictures").size(), 4u) << "all persons of an image in one";

  const fs::path out = folder.path() / "json";
  ASSERT_EQ(predict(trained.path(), images, out, {"--boxes", boxes.string(), "--batch", "3", "--attention", "0"}).code, 0);
  const Json list = list_in(out);
  ASSERT_EQ(list.at("images").as_array().size(), 4u);
  for (const Json& image : list.at("images").as_array())
    for (const Json& person : image.at("detections").as_array()) EXPECT_EQ(person.at("keypoints").as_array().size(), 15u);
  for (const Json& image : list.at("images").as_array()) expect_attention_of_boxes(image, boxes);
  EXPECT_GT(expect_detections_of(list, found / "keypoint.json"), 0u);
  EXPECT_EQ(num_detections(list), Json::parse(read_file(boxes), "boxes").as_array().size());

  expect_one_line(predict(trained.path(), images, folder.path() / "none"), 2, "--boxes: is missing");
  write_file(folder.path() / "far.json", R"([{"image_id": 1, "category_id": 1, "bbox": [900, 900, 5, 5], "score": 1}])");
  EXPECT_THAT(
      predict(trained.path(), images, folder.path() / "far", {"--boxes", (folder.path() / "far.json").string()}).output,
      HasSubstr("warning: 1 box lies wholly outside of the image"));
  fs::remove_all(out);
  ASSERT_EQ(predict(trained.path(), images, out, {"--boxes", boxes.string(), "--box-score", "0.9"}).code, 0);
  const Json without = list_in(out);
  EXPECT_TRUE(without.at("images").as_array()[0].at("detections").as_array().empty()) << "an image without persons";
}

TEST(PredictedPoses, AreOfWhatADetectorFinds) {
  const DemoScenes scenes("coco");
  const std::string figures = "data={name: scenes, kind: figures, count: 64, size: 32, image_size: 24, workers: 1}";
  const std::vector<std::string> short_run{"train.steps=1", "log.pictures_every_steps=0", figures};
  std::vector<std::string> of_pose = short_run, of_detector = short_run;
  of_pose.push_back("task={name: pose}");
  of_detector.push_back("task={name: detection, queries: 5, one_to_many: {queries: 0}}");
  const EvaluatedRun pose(of_pose), detector(of_detector);
  const TemporaryFolder folder;
  const auto persons = [&](const std::string& score) {
    const fs::path out = folder.path() / ("above " + score);
    const ProgramResult ran =
        predict(pose.path(), scenes.path() / "val2017", out, {"--detector", detector.path().string(), "--box-score", score});
    EXPECT_EQ(ran.code, 0) << ran.output;
    return num_detections(list_in(out));
  };
  EXPECT_EQ(persons("0"), 20u) << "five queries an image";
  EXPECT_EQ(persons("1"), 0u);
  expect_one_line(predict(detector.path(), scenes.path(), folder.path() / "out", {"--detector", pose.path().string()}), 2,
                  "--detector: is for models of pose");
  expect_one_line(predict(pose.path(), scenes.path(), folder.path() / "out", {"--detector", pose.path().string()}), 2,
                  "--detector: must be a run of detection or instance (got pose)");
}

}  // namespace
}  // namespace glid
