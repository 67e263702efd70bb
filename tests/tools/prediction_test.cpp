// glid_predict: images of all kinds, models of all kinds, and mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/formats/depth_map.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "support/evaluated_run.h"
#include "support/predictions.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

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
  EXPECT_THAT(ran.output, HasSubstr("left out: 1 of 5 images, which can't be read"));
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

TEST_F(Predictions, OfAClassifierAreTheBestFive) {
  const fs::path classifier = file("classes");
  const ProgramResult trained =
      run("glid_train", small_training(classifier, {"--set", "task={name: classification}", "--set", "train.steps=1",
                                                    "--set", "eval.every_steps=1"}));
  ASSERT_EQ(trained.code, 0) << trained.output;
  put("a.png", encode_png(gradient(30, 40)));
  const ProgramResult ran = glid::predict(classifier, images(), file("out"), {});
  ASSERT_EQ(ran.code, 0) << ran.output;
  const Json list = list_in(file("out"));
  const Json& image = list.at("images").as_array().at(0);
  EXPECT_EQ(image.at("labels").as_array().size(), 5u);
  EXPECT_FALSE(image.find("detections"));
  double sum = 0;
  for (const Json& label : image.at("labels").as_array()) sum += label.at("score").as_double();
  EXPECT_GT(sum, 0.5) << "of probabilities";
  EXPECT_LE(sum, 1);
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
