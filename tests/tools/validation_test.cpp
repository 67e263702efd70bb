// Validation over ranks whose shares are uneven, empty or unreadable: the same numbers as on one rank, or one clear line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "glid/core/json.h"
#include "support/program.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Twelve images to train on and `num_val` to validate on, all of one folder each.
class Shares : public testing::Test {
 protected:
  void make_data(int num_val) {
    ASSERT_EQ(run("glid_data", {"make-demo", "--out", demo().string(), "--count", "40", "--size", "32"}).code, 0);
    std::vector<fs::path> images;
    for (const auto& entry : fs::recursive_directory_iterator(demo() / "train"))
      if (entry.is_regular_file() && entry.path().extension() == ".jpg") images.push_back(entry.path());
    ASSERT_GE(std::ssize(images), 12 + num_val);
    std::sort(images.begin(), images.end());
    for (size_t i = 0; i < 12 + static_cast<size_t>(num_val); ++i) {
      const fs::path folder = data() / (i < 12 ? "train" : "val");
      fs::create_directories(folder);
      fs::copy_file(images[i], folder / (std::to_string(100 + i) + ".jpg"));
    }
  }
  void spoil_validation(int i) const { fs::resize_file(data() / "val" / (std::to_string(112 + i) + ".jpg"), 200); }

  fs::path demo() const { return dir_.path() / "demo"; }
  fs::path data() const { return dir_.path() / "data"; }
  fs::path out(int ranks) const { return dir_.path() / ("ranks" + std::to_string(ranks)); }

  ProgramResult train(int ranks) const {
    std::vector<std::string> options = with_data("folder", data());
    options.insert(options.end(), {"--nproc", std::to_string(ranks)});
    for (const char* setting : {"train.steps=2", "train.batch_size=6", "eval.every_steps=2", "optim.warmup_steps=0"})
      options.insert(options.end(), {"--set", setting});
    return run("glid_train", small_training(out(ranks), options));
  }
  // Every number of the validations, blind ones too.
  std::map<std::string, double> validations(int ranks) const {
    std::map<std::string, double> values;
    std::istringstream in(read_file(out(ranks) / "metrics.jsonl"));
    for (std::string text; std::getline(in, text);) {
      const Json line = Json::parse(text, "metrics.jsonl");
      if (const Json* blind = line.find("without_learning"))
        for (const auto& [name, value] : blind->as_object()) values[name] = value.as_double();
      if (const Json* loss = line.find("val_loss")) values["val_loss"] = loss->as_double();
    }
    return values;
  }
  void expect_equal_to_one_rank(const std::vector<int>& groups) const {
    ASSERT_EQ(train(1).code, 0);
    const auto expected = validations(1);
    EXPECT_EQ(expected.size(), 4u);
    for (const int ranks : groups) {
      const ProgramResult result = train(ranks);
      ASSERT_EQ(result.code, 0) << result.output;
      const auto got = validations(ranks);
      ASSERT_EQ(got.size(), expected.size());
      for (const auto& [name, value] : expected) EXPECT_NEAR(got.at(name), value, 1e-5 * std::abs(value)) << name;
    }
  }

  TemporaryFolder dir_;
};

TEST_F(Shares, UnevenAndEmptyOnesGiveTheNumbersOfOneRank) {
  make_data(2);
  expect_equal_to_one_rank({2, 3});
}

TEST_F(Shares, OneWhoseFilesAreAllBadGivesTheNumbersOfOneRank) {
  make_data(2);
  spoil_validation(1);
  expect_equal_to_one_rank({2});
}

TEST_F(Shares, WithoutAnyReadableImageEndTheRunWithOneReason) {
  make_data(2);
  for (const int i : {0, 1}) spoil_validation(i);
  for (const int ranks : {1, 2}) {
    const ProgramResult result = train(ranks);
    EXPECT_EQ(result.code, 3) << result.output;
    EXPECT_THAT(result.output, HasSubstr("validation: no image could be read"));
  }
}

// Pictures show every second of sixteen images; the others are enough to validate on.
TEST_F(Shares, WithoutAReadablePictureTheRunGoesOn) {
  make_data(16);
  for (int i = 0; i < 16; i += 2) spoil_validation(i);
  for (const int ranks : {1, 2}) {
    const ProgramResult result = train(ranks);
    EXPECT_EQ(result.code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("pictures: none of their images can be read"));
    EXPECT_EQ(validations(ranks).size(), 4u);
  }
}

TEST_F(Shares, OfWhatIsTrainedOnSaySo) {
  make_data(3);
  fs::remove_all(data() / "val");
  fs::copy(data() / "train", data() / "val");
  const ProgramResult result = train(1);
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("warning: all 12 of val are trained on too: validations tell little of new images"));
}

// As `glid_data check` says of it.
TEST_F(Shares, WithoutAValidationSplitARunSaysWhatToDo) {
  ASSERT_EQ(
      run("glid_data", {"make-demo", "--layout", "coco", "--out", data().string(), "--count", "10", "--size", "32"}).code,
      0);
  fs::remove(data() / "annotations/instances_val2017.json");
  std::vector<std::string> options = with_data("coco", data());
  options.insert(options.end(), {"--set", "train.steps=1", "--set", "eval.every_steps=1"});
  const ProgramResult refused = run("glid_train", small_training(out(1), options));
  EXPECT_EQ(refused.code, 3) << refused.output;
  EXPECT_THAT(refused.output,
              HasSubstr("data: no val: nothing to validate on (glid_train --set eval.split=train takes the training "
                        "images): "));
  EXPECT_FALSE(fs::exists(out(1) / "metrics.jsonl"));
  options.insert(options.end(), {"--set", "eval.split=train"});
  const ProgramResult ran = run("glid_train", small_training(out(1), options));
  EXPECT_EQ(ran.code, 0) << ran.output;
}

// A quarter of 6 images is 2 of them, rounded.
TEST_F(Shares, OfAPartOfTheImagesIsCountedAsItIsMeasured) {
  make_data(6);
  const auto losses_of_fraction = [&](int which, const std::string& fraction) {
    std::vector<std::string> options = with_data("folder", data());
    for (const std::string& setting :
         {std::string("train.steps=1"), std::string("eval.every_steps=1"), "eval.fraction=" + fraction})
      options.insert(options.end(), {"--set", setting});
    const ProgramResult result = run("glid_train", small_training(out(which), options));
    EXPECT_EQ(result.code, 0) << result.output;
    return validations(which);
  };
  const auto whole = losses_of_fraction(1, "1"), part = losses_of_fraction(2, "0.25");
  ASSERT_EQ(part.size(), whole.size());
  for (const auto& [name, loss] : whole) EXPECT_NE(part.at(name), loss) << name;
}

TEST_F(Shares, AnUnknownBestValueIsRefusedAtTheStart) {
  const ProgramResult result = run("glid_train", small_training(out(1), {"--set", "eval.best=AP"}));
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("eval.best"));
  EXPECT_THAT(result.output, HasSubstr("its values are loss"));
  EXPECT_FALSE(fs::exists(out(1)));
}

}  // namespace
}  // namespace glid
