// glid_predict: what glid_eval predicts, bit for bit, and images of all kinds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/formats/depth_map.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "support/evaluated_run.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

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

ProgramResult predict(const fs::path& checkpoint, const fs::path& input, const fs::path& out,
                      std::vector<std::string> options = {}) {
  options.insert(options.begin(), {"--checkpoint", checkpoint.string(), "--input", input.string(), "--out", out.string(),
                                   "--set", "train.threads=1"});
  return run("glid_predict", options);
}

Json list_in(const fs::path& out) {
  return Json::parse(read_file(out / "predictions.json"), (out / "predictions.json").string());
}

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

// ---- The same predictions as glid_eval.

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
  EXPECT_THAT(ran.output, HasSubstr("4 images -> " + out.string()));
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
  for (const char* maps : {"semantic", "depth", "panoptic"})
    if (fs::is_directory(found / maps))
      for (const std::string& file : files_below(found / maps))
        EXPECT_TRUE(read_file(out / maps / file) == read_file(found / maps / file)) << file;
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
  ASSERT_EQ(predict(trained.path(), images, out, {"--boxes", boxes.string()}).code, 0);
  size_t num_persons = 0;
  const Json list = list_in(out);
  ASSERT_EQ(list.at("images").as_array().size(), 4u);
  for (const Json& image : list.at("images").as_array())
    for (const Json& person : image.at("detections").as_array()) {
      EXPECT_EQ(person.at("keypoints").as_array().size(), 15u);
      ++num_persons;
    }
  EXPECT_EQ(num_persons, Json::parse(read_file(boxes), "boxes").as_array().size());

  expect_one_line(predict(trained.path(), images, folder.path() / "none"), 2, "--boxes: is missing");
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
    size_t num_persons = 0;
    const Json list = list_in(out);
    for (const Json& image : list.at("images").as_array()) num_persons += image.at("detections").as_array().size();
    return num_persons;
  };
  EXPECT_EQ(persons("0"), 20u) << "five queries an image";
  EXPECT_EQ(persons("1"), 0u);
  expect_one_line(predict(detector.path(), scenes.path(), folder.path() / "out", {"--detector", pose.path().string()}), 2,
                  "--detector: is for models of pose");
}

// ---- Images of all kinds.

// The picture, to be shown a quarter turn to the right.
std::string turned_jpeg(const Image& image) {
  const std::string bytes = encode_jpeg(image, 95);
  const std::string exif("Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0", 32);
  const auto length = static_cast<char>(exif.size() + 2);
  return bytes.substr(0, 2) + "\xFF\xE1" + std::string(1, '\0') + length + exif + bytes.substr(2);
}

Image gradient(int64_t height, int64_t width) {
  Image image = Image::filled(height, width, 0);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 7 % 251);
  return image;
}

class Predictions : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    run_ = std::make_unique<EvaluatedRun>(std::vector<std::string>{
        "task={name: detection, queries: 5, one_to_many: {queries: 0}}", "eval.metric=box", "log.pictures_every_steps=0",
        "data={name: scenes, kind: classes, count: 64, size: 32, image_size: 24, workers: 2}", "train.steps=2"});
  }
  static void TearDownTestSuite() { run_.reset(); }

  static fs::path a_run() { return run_->path(); }
  fs::path file(const std::string& name) const { return own_.path() / name; }
  fs::path images() const { return file("images"); }
  void put(const std::string& name, const std::string& bytes) const {
    fs::create_directories((images() / name).parent_path());
    write_file(images() / name, bytes);
  }
  ProgramResult predict(const fs::path& input, const std::vector<std::string>& options = {}) const {
    return glid::predict(a_run(), input, file("out"), options);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    const Json list = list_in(file("out"));
    for (const Json& image : list.at("images").as_array()) names.push_back(image.at("name").as_string());
    return names;
  }
  void expect_nothing_left() const {
    EXPECT_FALSE(fs::exists(file("out")));
    EXPECT_FALSE(fs::exists(file("out.tmp")));
  }

  TemporaryFolder own_;

 private:
  static inline std::unique_ptr<EvaluatedRun> run_;
};

TEST_F(Predictions, OfAnyImageThatCanBeRead) {
  put("turned.jpg", turned_jpeg(gradient(20, 50)));
  put("deep/one.png", encode_png(gradient(1, 1)));
  put("grey.png", encode_label_png({30, 20, std::vector<uint16_t>(600, 77)}));
  put("wide.png", encode_depth_png({40, 90, std::vector<double>(3600, 7)}, 1000));
  const std::string whole = encode_jpeg(gradient(60, 60), 90);
  put("damaged.jpg", whole.substr(0, whole.size() / 2));
  const ProgramResult ran = predict(images());
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("damaged.jpg"));
  EXPECT_THAT(ran.output, HasSubstr("1 of 5 images can't be read: they are left out"));
  EXPECT_THAT(ran.output, HasSubstr("images/s"));
  EXPECT_THAT(names(), ElementsAre("deep/one", "grey", "turned", "wide"));
  const Json list = list_in(file("out"));
  const Json::Array& found = list.at("images").as_array();
  EXPECT_EQ(found[2].at("width").as_int(), 20) << "upright";
  EXPECT_EQ(found[2].at("height").as_int(), 50);
  EXPECT_EQ(found[3].at("width").as_int(), 90);
  for (const Json& image : found)
    for (const Json& detection : image.at("detections").as_array()) {
      const Json::Array& box = detection.at("bbox").as_array();
      EXPECT_LE(box[0].as_double() + box[2].as_double(), image.at("width").as_double() + 1e-9);
    }
  EXPECT_THAT(list.at("unreadable").dump(), HasSubstr("damaged.jpg"));
  const Image turned = read_image(file("out") / "pictures/turned.jpg");
  EXPECT_GT(turned.height, turned.width);
  EXPECT_EQ(files_below(file("out") / "pictures").size(), 4u);
}

TEST_F(Predictions, OfAListAreOfWhatItNames) {
  for (const char* name : {"a.png", "b.png", "c.png"}) put(name, encode_png(gradient(30, 30)));
  put("list.txt", "# two of them\na.png\n\nc.png\ngone.png\n");
  const ProgramResult ran = predict(images() / "list.txt");
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(names(), ElementsAre("a", "c"));
  EXPECT_THAT(ran.output, HasSubstr("gone.png: can't be read"));
  EXPECT_THAT(ran.output, HasSubstr("1 of 3 images"));
}

TEST_F(Predictions, WithoutAnImageEndWith3) {
  put("a.jpg", "no image");
  const ProgramResult ran = predict(images());
  EXPECT_EQ(ran.code, 3) << ran.output;
  EXPECT_THAT(ran.output, HasSubstr("images: holds no image that can be read"));
  expect_nothing_left();
  fs::create_directory(file("empty"));
  expect_one_line(predict(file("empty")), 3, "empty: holds no images");
  expect_one_line(predict(file("none")), 3, "none: does not exist");
  expect_nothing_left();
}

TEST_F(Predictions, MistakesAreOneLine) {
  put("a.png", encode_png(gradient(30, 30)));
  expect_one_line(predict(images(), {"--format", "xml"}), 2, "--format");
  expect_one_line(predict(images(), {"--depth-png"}), 2, "--depth-png: is about the official format");
  expect_one_line(predict(images(), {"--format", "official", "--set", "eval.metric=loss"}), 2,
                  "--format: official is for metrics with result files (got loss)");
  expect_one_line(predict(images(), {"--which", "7"}), 3, "step_00000007: is not there");
  expect_nothing_left();
  fs::create_directory(file("out"));
  write_file(file("out") / "mine", "of somebody");
  expect_one_line(predict(images()), 2, "--out: is there already");
  EXPECT_EQ(files_below(file("out")), std::vector<std::string>{"mine"});
}

// Half of the size of a batch beside it changes a prediction by no more than rounding.
TEST_F(Predictions, OfOtherBatchesAreEqualToRounding) {
  for (const char* name : {"a.png", "b.png", "c.png"}) put(name, encode_png(gradient(30, name[0] - 50)));
  const auto scores = [&](const std::string& batch) {
    EXPECT_EQ(predict(images(), {"--batch", batch, "--no-pictures"}).code, 0);
    std::vector<double> values;
    const Json list = list_in(file("out"));
    for (const Json& image : list.at("images").as_array())
      for (const Json& detection : image.at("detections").as_array()) values.push_back(detection.at("score").as_double());
    EXPECT_FALSE(fs::exists(file("out") / "pictures"));
    fs::remove_all(file("out"));
    return values;
  };
  const std::vector<double> together = scores("3"), alone = scores("1");
  ASSERT_EQ(together.size(), alone.size());
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-5);
}

TEST_F(Predictions, WhereQueriesLookIsDrawn) {
  for (const char* name : {"a.png", "deep/b.png"}) put(name, encode_png(gradient(30, 40)));
  ASSERT_EQ(predict(images(), {"--attention", "top"}).code, 0);
  EXPECT_THAT(files_below(file("out") / "attention"), ElementsAre("a.jpg", "deep/b.jpg"));
  EXPECT_GT(read_image(file("out") / "attention/a.jpg").width, 4 * 192) << "the image and three scales";
  fs::rename(file("out"), file("top"));
  ASSERT_EQ(predict(images(), {"--no-pictures"}).code, 0);
  const auto detections = [&](const fs::path& out) {
    return list_in(out).at("images").as_array()[0].at("detections").dump();
  };
  EXPECT_EQ(detections(file("out")), detections(file("top"))) << "who is watched answers the same";
  fs::remove_all(file("out"));
  const ProgramResult beyond = predict(images(), {"--attention", "5"});
  EXPECT_EQ(beyond.code, 2);
  EXPECT_THAT(beyond.output, HasSubstr("--attention: is no query of the task, which asks fewer (got 5); from 0 to 4"));
  EXPECT_THAT(predict(images(), {"--attention", "all"}).output, HasSubstr("--attention: must be top or the number"));
  expect_nothing_left();
}

// A model that hides parts of images shows them, and what it thinks was there.
TEST_F(Predictions, OfAPreTrainingArePictures) {
  const fs::path pre = file("pre");
  ASSERT_EQ(run("glid_train", small_training(pre, {"--set", "train.steps=1"})).code, 0);
  for (const char* name : {"a.png", "b.png"}) put(name, encode_png(gradient(30, 40)));
  const ProgramResult ran = glid::predict(pre, images(), file("out"), {"--attention", "1"});
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(names(), ElementsAre("a", "b"));
  EXPECT_GT(read_image(file("out") / "pictures/a.jpg").width, 4 * 24);
  EXPECT_TRUE(fs::exists(file("out") / "attention/a.jpg")) << "of the first hidden unit";
  EXPECT_EQ(glid::predict(pre, images(), file("top"), {"--attention", "top"}).code, 2) << "there are no classes";
  expect_one_line(glid::predict(pre, images(), file("official"), {"--format", "official"}), 2,
                  "--format: official is for metrics with result files (got loss)");
}

}  // namespace
}  // namespace glid
