#include "glid/eval/probe.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/formats/image_file.h"
#include "glid/model/model_config.h"
#include "support/noise_image.h"
#include "support/plans.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A folder of classes, each of a colour of its own with noise on it.
class Probe : public testing::Test {
 protected:
  Probe()
      : net_(SwinShape{.channels = 8, .depths = {1, 1, 1, 1}, .heads = {1, 2, 2, 4}, .windows = {4, 4, 4, 4}, .patch = 1}) {
    initialise_randomly(net_);
    net_.eval();
  }
  void write(const std::string& split, const std::string& name, int64_t count) const {
    fs::create_directories(root() / split / name);
    for (int64_t i = 0; i < count; ++i) {
      Image image = noise_image(16, 20, i + 100 * std::ssize(split));
      for (size_t p = 0; p < image.pixels.size(); ++p)
        image.pixels[p] = static_cast<uint8_t>(image.pixels[p] / 4 + 40 * ((name[0] + static_cast<char>(p % 3)) % 4));
      write_png(root() / split / name / (std::to_string(i) + ".png"), image);
    }
  }
  void write_classes() const {
    for (const char* name : {"a", "b", "c"}) write("train", name, 10), write("val", name, 4);
  }
  ProbeReport look(const ProbeConfig& config = {.knn = {.neighbours = 5}, .linear = true}, int64_t batch = 4) const {
    return probe(net_, {.pool = FeaturePool::kMean, .stages = {4}, .size_px = 16, .batch = batch}, root(), config);
  }
  std::string refusal(const ProbeConfig& config = {.knn = {.neighbours = 5}}) const {
    try {
      look(config);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  fs::path root() const { return folder_.path() / "data"; }

  TemporaryFolder folder_;
  FeatureNet net_;
};

TEST_F(Probe, ClassesThatDifferAreToldApart) {
  write_classes();
  write("train", "c", 12);
  const ProbeReport report = look();
  EXPECT_EQ(report.train_images, 32);
  EXPECT_EQ(report.val_images, 12);
  EXPECT_EQ(report.num_classes, 3);
  EXPECT_EQ(report.dimensions, 64);
  EXPECT_GT(report.model.knn.top1, 0.9);
  EXPECT_GT(report.model.linear->top1, 0.9);
  EXPECT_FALSE(report.model.knn.top5);  // of three classes
  EXPECT_DOUBLE_EQ(report.blind.top1, 4. / 12);
  ASSERT_TRUE(report.random);
  EXPECT_GT(report.random->knn.top1, report.blind.top1);  // colours are easy
  EXPECT_THAT(probe_table(report), HasSubstr("most frequent class"));
  const Json json = probe_json(report);
  EXPECT_EQ(json.at("most_frequent_class").at("top1").as_double(), report.blind.top1);
  EXPECT_EQ(json.at("model").at("linear").at("penalty").as_double(), report.model.penalty->penalty);
}

TEST_F(Probe, RandomWeightsAreNotTheModels) {
  write_classes();
  const at::NoGradGuard no_grad;
  for (at::Tensor& weights : net_.parameters()) weights.zero_();  // a model that says the same of every image
  const ProbeReport report = look();
  ASSERT_TRUE(report.random);
  EXPECT_DOUBLE_EQ(report.model.knn.top1, report.blind.top1);
  EXPECT_GT(report.random->knn.top1, report.model.knn.top1);
}

TEST_F(Probe, NeighboursAreImagesThatCanBeRead) {
  write_classes();
  for (int i = 0; i < 8; ++i) write_file(root() / "train/a" / (std::to_string(i) + ".png"), "no image");
  EXPECT_EQ(refusal({.knn = {.neighbours = 22}}), "");
  EXPECT_THAT(refusal({.knn = {.neighbours = 23}}),
              HasSubstr("has fewer images that can be read than --knn asks for (got 22 of 30)"));
}

TEST_F(Probe, BatchesDontMatter) {
  write_classes();
  const ProbeReport one = look({.knn = {.neighbours = 3}, .linear = true}, 1),
                    many = look({.knn = {.neighbours = 3}, .linear = true}, 7);
  EXPECT_EQ(probe_json(one).dump(), probe_json(many).dump());
}

// The most frequent class is that of training, whatever is frequent in validation.
TEST_F(Probe, TheBlindAnswerIsLearned) {
  write("train", "a", 3), write("train", "b", 9);
  write("val", "a", 6), write("val", "b", 2);
  EXPECT_DOUBLE_EQ(look({.knn = {.neighbours = 3}, .random = false}).blind.top1, 2. / 8);
}

TEST_F(Probe, FiveOfSixClassesAreCounted) {
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) write("train", name, 2), write("val", name, 1);
  const ProbeReport report = look({.knn = {.neighbours = 3}, .random = false});
  ASSERT_TRUE(report.blind.top5);
  EXPECT_DOUBLE_EQ(*report.blind.top5, 5. / 6);
  EXPECT_GE(*report.model.knn.top5, report.model.knn.top1);
}

TEST_F(Probe, WithoutValATenthIsAsked) {
  for (const char* name : {"a", "b"}) write("train", name, 20);
  const ProbeReport report = look({.knn = {.neighbours = 3}, .random = false});
  EXPECT_EQ(report.train_images, 36);
  EXPECT_EQ(report.val_images, 4);
}

TEST_F(Probe, WhatCantBeProbedIsRefusedInALine) {
  EXPECT_THAT(refusal(), HasSubstr("has no folder train; --data takes ROOT/train/CLASS/*.jpg"));
  write("train", "a", 4), write("val", "a", 1);
  EXPECT_THAT(refusal(), HasSubstr("train: has one class only (got a)"));
  fs::create_directories(root() / "train/b");
  EXPECT_THAT(refusal(), HasSubstr("train/b: is a class without training images"));
  write("train", "b", 4);
  EXPECT_THAT(refusal({.knn = {.neighbours = 9}}),
              HasSubstr("--knn: asks more neighbours than there are training images (got 9)"));
  EXPECT_THAT(refusal({.knn = {.neighbours = 2}, .linear = true}),
              HasSubstr("--linear: needs a class with five training images"));
  write("val", "z", 1);
  EXPECT_THAT(refusal(), HasSubstr("is of a class that the training folder has not"));
  fs::remove_all(root() / "val");
  fs::create_directories(root() / "val");
  write_png(root() / "val/0.png", noise_image(16, 16, 1));
  EXPECT_THAT(refusal(), HasSubstr("val: has no class folders"));
}

TEST_F(Probe, BadFilesAreLeftOutAndCounted) {
  write_classes();
  write_file(root() / "train/a/bad.jpg", "not a picture");
  const ProbeReport report = look();
  EXPECT_EQ(report.train_images, 30);
  EXPECT_EQ(report.bad_files, 1);
}

}  // namespace
}  // namespace glid
