// glid_predict: images of all kinds, models of all kinds, and mistakes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "glid/core/utf8.h"
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

// The name whose bytes that are no UTF-8 are written so.
std::string bytes_of(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 2, "\\x") != 0) bytes += text[i];
    else bytes += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16)), i += 3;
  }
  return bytes;
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
    EXPECT_TRUE(temporaries_of(file("out")).empty());
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
  put("list.txt", "# two of them\na.png\n\nc.png\ngone.png\npipe.png\nendless.png\n");
  fs::create_symlink("/dev/zero", images() / "endless.png");
  ASSERT_EQ(mkfifo((images() / "pipe.png").c_str(), 0600), 0);
  const ProgramResult ran = predict(images() / "list.txt");
  ASSERT_EQ(ran.code, 0) << ran.output;
  EXPECT_THAT(names(), ElementsAre("a", "c"));
  EXPECT_THAT(ran.output, HasSubstr("gone.png: does not exist"));
  EXPECT_THAT(ran.output, HasSubstr("pipe.png: is a pipe, not a file"));
  EXPECT_THAT(ran.output, HasSubstr("endless.png: is a device, not a file"));
  EXPECT_THAT(ran.output, HasSubstr("3 of 5 images"));
}

// As docs/predict.md says: what is written is called as JSON says, and the file is found.
TEST_F(Predictions, OfNamesThatAreNotUtf8AreFound) {
  put("M\xFCller.png", encode_png(gradient(30, 30)));
  put("\xE9t\xE9.jpg", "no image");
  const ProgramResult ran = predict(images(), {"--attention", "top"});
  ASSERT_EQ(ran.code, 0) << ran.output;
  const std::string text = read_file(file("out") / "predictions.json");
  EXPECT_EQ(to_utf8(text), text) << "UTF-8";
  const Json list = list_in(file("out"));
  const Json& image = list.at("images").as_array().at(0);
  EXPECT_EQ(image.at("name").as_string(), "M\\xFCller");
  EXPECT_TRUE(fs::exists(file("out") / image.at("picture").as_string()));
  EXPECT_TRUE(fs::exists(file("out") / image.at("attention").as_array()[0].at("picture").as_string()));
  EXPECT_EQ(bytes_of(image.at("file").as_string()), (images() / "M\xFCller.png").string());
  EXPECT_EQ(bytes_of(list.at("unreadable").as_array().at(0).as_string()), (images() / "\xE9t\xE9.jpg").string());
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
                  "--format: official is for metrics with result files (got loss); --set eval.metric=box has some");
  expect_one_line(predict(images(), {"--score", "0.3", "--no-pictures"}), 2,
                  "--score: is about pictures, and --no-pictures asks for none");
  expect_one_line(predict(images(), {"--box-score", "0.3"}), 2, "--box-score: is for models of pose");
  expect_one_line(predict(images(), {"--which", "7"}), 3, "step_00000007: is not there");
  expect_nothing_left();
  fs::create_directory(file("out"));
  write_file(file("out") / "mine", "of somebody");
  expect_one_line(predict(images()), 2, "--out: is there already");
  EXPECT_EQ(files_below(file("out")), std::vector<std::string>{"mine"});
}

// Its pictures and maps would be the input of the next run. The checkpoint isn't even looked for.
TEST_F(Predictions, ArentWrittenWhereTheyWouldBeRead) {
  put("a.png", encode_png(gradient(30, 30)));
  const std::string message = "--out: lies in the folder that is read, and would be read with it the next time";
  for (const char* place : {"images/new", "images/deep/../deeper/new", "images"})
    EXPECT_EQ(glid::predict(file("no_run"), images(), file(place), {}).code, 2) << place;
  expect_one_line(glid::predict(file("no_run"), images(), file("images/new"), {}), 2, message);
  fs::create_directory_symlink(images(), file("link"));
  expect_one_line(glid::predict(file("no_run"), images(), file("link/new"), {}), 2, message);
  expect_one_line(glid::predict(a_run(), file("link"), file("images/new"), {}), 2, "choose a place outside of");
  EXPECT_EQ(files_below(images()), std::vector<std::string>{"a.png"});
  EXPECT_EQ(glid::predict(a_run(), images() / "a.png", file("images/new"), {}).code, 0) << "one image isn't searched for";
}

// So many images that the program is at work for seconds.
TEST_F(Predictions, ASignalIsToldAndLeavesNothing) {
  put("a.png", encode_png(gradient(30, 30)));
  for (int i = 0; i < 3000; ++i) fs::create_hard_link(images() / "a.png", images() / (std::to_string(i) + ".png"));
  for (const int signal : {SIGTERM, SIGINT}) {
    const Program program("glid_predict", {"--checkpoint", a_run().string(), "--input", images().string(), "--out",
                                           file("new/out").string(), "--set", "train.threads=1"});
    ASSERT_TRUE(Program::wait_for_temporary_of(file("new/out"))) << program.output();
    program.send(signal);
    const ProgramResult ended = program.wait();
    EXPECT_EQ(ended.code, 128 + signal);
    EXPECT_THAT(ended.output, HasSubstr("ended by signal " + std::to_string(signal)));
    EXPECT_THAT(ended.output, HasSubstr("nothing half-written is left, the same command begins again\n"));
    EXPECT_FALSE(fs::exists(file("new")));
  }
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
  ASSERT_EQ(alone.size(), 90u) << "of each of three images five queries as each of six classes";
  ASSERT_EQ(together.size(), alone.size());
  for (size_t i = 0; i < alone.size(); ++i) EXPECT_NEAR(together[i], alone[i], 1e-5);
}

TEST_F(Predictions, OfWhichNoneIsDrawnSaySo) {
  put("a.png", encode_png(gradient(30, 40)));
  const std::string warning = "warning: no object is drawn in any picture: the best detection has a score of ";
  const ProgramResult none = predict(images(), {"--score", "1"});
  EXPECT_EQ(none.code, 0);
  EXPECT_THAT(none.output, testing::AllOf(HasSubstr(warning), HasSubstr(", and --score is 1\n")));
  fs::remove_all(file("out"));
  EXPECT_THAT(predict(images(), {"--score", "0"}).output, testing::Not(HasSubstr("no object is drawn")));
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
  expect_one_line(glid::predict(classifier, images(), file("official"), {"--format", "official"}), 2,
                  "(got loss); classes of images have none: they are in predictions.json");
  expect_one_line(glid::predict(classifier, images(), file("scores"), {"--score", "0.3"}), 2,
                  "--score: is for models that find objects (got classification)");
  EXPECT_GT(sum, 0.5) << "of probabilities";
  EXPECT_LE(sum, 1);
}

TEST_F(Predictions, WhereQueriesLookIsDrawn) {
  for (const char* name : {"a.png", "deep/b.png"}) put(name, encode_png(gradient(30, 40)));
  ASSERT_EQ(predict(images(), {"--attention", "top"}).code, 0);
  EXPECT_THAT(files_below(file("out") / "attention"), ElementsAre("a.jpg", "deep/b.jpg"));
  EXPECT_GT(read_image(file("out") / "attention/a.jpg").width, 4 * 192) << "the image and three scales";
  const Json looks = list_in(file("out"));
  const Json& image = looks.at("images").as_array().at(1);
  const Json &look = image.at("attention").as_array().at(0), &best = image.at("detections").as_array().at(0);
  EXPECT_EQ(look.at("picture").as_string(), "attention/deep/b.jpg");
  EXPECT_GE(look.at("query").as_int(), 0);
  EXPECT_LT(look.at("query").as_int(), 5);
  EXPECT_EQ(look.at("query").as_int(), best.at("query").as_int());
  EXPECT_EQ(look.at("category").as_string(), best.at("category").as_string()) << "of the best detection";
  EXPECT_EQ(look.at("category_id").as_int(), best.at("category_id").as_int());
  EXPECT_NEAR(look.at("score").as_double(), best.at("score").as_double(), 1e-6);
  fs::rename(file("out"), file("top"));
  ASSERT_EQ(predict(images(), {"--no-pictures"}).code, 0);
  const auto detections = [&](const fs::path& out) {
    return list_in(out).at("images").as_array()[0].at("detections").dump();
  };
  EXPECT_EQ(detections(file("out")), detections(file("top"))) << "who is watched answers the same";
  fs::remove_all(file("out"));
}

// Before there is an image, or a model.
TEST_F(Predictions, OfAQueryThatIsntAskedAreRefusedAtOnce) {
  expect_one_line(predict(file("no_images"), {"--attention", "5"}), 2,
                  "--attention: is no query of the task, which asks fewer (got 5); from 0 to 4");
  expect_one_line(predict(file("no_images"), {"--attention", "all"}), 2, "--attention: must be top or the number");
  EXPECT_THAT(predict(file("no_images"), {"--attention", "4"}).output, HasSubstr("no_images: does not exist"));
  expect_one_line(predict(file("no_images"), {"--attention", "4", "--no-pictures"}), 2,
                  "--attention: is about pictures, and --no-pictures asks for none");
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
  const Json looks = list_in(file("out"));
  EXPECT_EQ(looks.at("images").as_array().at(0).at("attention").dump(), R"([{"query":1,"picture":"attention/a.jpg"}])");
  expect_one_line(glid::predict(pre, file("no_images"), file("top"), {"--attention", "top"}), 2,
                  "the task's queries know none (got masked_image); give the number of a query");
  expect_one_line(glid::predict(pre, file("no_images"), file("top"), {"--attention", "6"}), 2,
                  "asks fewer (got 6); from 0 to 5");
  expect_one_line(glid::predict(pre, images(), file("official"), {"--format", "official"}), 2,
                  "official is for metrics with result files (got loss); pre-training predicts nothing");
}

}  // namespace
}  // namespace glid
