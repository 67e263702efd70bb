#include "glid/train/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

CheckpointContent content(int64_t step, double value) {
  Json state = Json::object();
  state.set("step", step);
  return {step, {{"model", {{"w", at::full({3}, value)}}}}, state, "seed: 1\n"};
}

void write(const fs::path& run, int64_t step, const CheckpointPolicy& policy = {.keep = 10}) {
  CheckpointWriter writer(run, policy);
  writer.write(content(step, static_cast<double>(step)));
  writer.wait();
}

TEST(Checkpoint, ComesBackAsItWas) {
  const TemporaryFolder dir;
  write(dir.path(), 100);
  const auto newest = newest_checkpoint(dir.path());
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->step(), 100);
  const at::Tensor w = at::zeros({3});
  newest->load("model", {{"w", w}});
  EXPECT_TRUE(at::equal(w, at::full({3}, 100.0)));
  EXPECT_THROW(newest->load("model", {{"missing", w}}), DataError);
  EXPECT_THROW(newest->load("model", {{"w", at::zeros({4})}}), DataError);
  EXPECT_TRUE(fs::exists(dir.path() / "checkpoints/step_00000100/config.yaml"));
}

TEST(Checkpoint, IsCopiedBeforeTheNextUpdate) {
  const TemporaryFolder dir;
  const at::Tensor w = at::ones({1000});
  CheckpointContent c = content(1, 0);
  c.tensors = {{"model", {{"w", w}}}};
  CheckpointWriter writer(dir.path(), {.keep = 2});
  writer.write(c);
  w.fill_(7);
  writer.wait();
  const at::Tensor read = at::zeros({1000});
  newest_checkpoint(dir.path())->load("model", {{"w", read}});
  EXPECT_TRUE(at::equal(read, at::ones({1000})));
}

TEST(Checkpoint, KeepsTheNewestTheBestAndMilestones) {
  const TemporaryFolder dir;
  CheckpointWriter writer(dir.path(), {.keep = 2, .milestone_steps = 40});
  for (int64_t step = 10; step <= 70; step += 10) {
    if (step == 20) writer.mark_best(20);
    writer.write(content(step, 0));
  }
  writer.wait();
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir.path() / "checkpoints")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"step_00000020", "step_00000040", "step_00000060", "step_00000070"}));
}

TEST(Checkpoint, DamageIsFoundAndTheOneBeforeTaken) {
  const TemporaryFolder dir;
  write(dir.path(), 1);
  write(dir.path(), 2);
  const fs::path model = dir.path() / "checkpoints/step_00000002/model.safetensors";
  fs::resize_file(model, fs::file_size(model) - 1);
  EXPECT_THROW(open_checkpoint(model.parent_path()), DataError);
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 1);
  fs::remove(dir.path() / "checkpoints/step_00000001/state.json");
  EXPECT_THROW(newest_checkpoint(dir.path()), DataError);
}

TEST(Checkpoint, WhatIsNoneIsPassedOverAndNamed) {
  const TemporaryFolder dir;
  write(dir.path(), 3);
  const fs::path checkpoints = dir.path() / "checkpoints";
  for (const char* name : {"step_", "step_99999999999999999999", "step_7", "step_00000009", "best of mine"})
    fs::create_directories(checkpoints / name);
  write_file(checkpoints / "step_00000011", "a file");
  testing::internal::CaptureStderr();
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 3);
  const std::string log = testing::internal::GetCapturedStderr();
  for (const char* name :
       {"step_:", "step_99999999999999999999:", "step_7:", "step_00000009:", "best of mine:", "step_00000011:"})
    EXPECT_THAT(log, testing::HasSubstr(std::string(name) + " is no checkpoint"));
  fs::remove_all(checkpoints / "step_00000003");  // a run that lost its state must not start again over the others
  EXPECT_THROW(newest_checkpoint(dir.path()), DataError);
}

TEST(Checkpoint, OfAnotherStepThanItsFolderIsDamaged) {
  const TemporaryFolder dir;
  write(dir.path(), 1);
  write(dir.path(), 2);
  const fs::path state = dir.path() / "checkpoints/step_00000002/state.json";
  std::string text = read_file(state);
  const size_t place = text.find("\"step\": 2");
  ASSERT_NE(place, std::string::npos) << text;
  write_file(state, text.replace(place, 9, "\"step\": 1"));
  EXPECT_THROW(open_checkpoint(state.parent_path()), DataError);
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 1);
}

// What couldn't be put in place, and what was moved aside for another.
TEST(Checkpoint, WholeOnesByAnotherNameAreNotStartedOver) {
  const TemporaryFolder dir;
  const fs::path checkpoints = dir.path() / "checkpoints";
  write(dir.path(), 5);
  for (const char* name : {"step_00000005.0123ab.whole", "step_00000005.0123ab.tmp.old"}) {
    fs::rename(checkpoints / "step_00000005", checkpoints / name);
    try {
      newest_checkpoint(dir.path());
      ADD_FAILURE() << name;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(std::string(name) + ": is a checkpoint by another name"));
    }
    fs::rename(checkpoints / name, checkpoints / "step_00000005");
  }
}

TEST(Checkpoint, UnfinishedOnesDontCount) {
  const TemporaryFolder dir;
  const fs::path left = dir.path() / "checkpoints/step_00000005.1a2b3c.tmp";
  fs::create_directories(left);
  EXPECT_FALSE(newest_checkpoint(dir.path()));
  EXPECT_THROW(find_checkpoint(dir.path()), DataError);
  fs::last_write_time(left, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  const CheckpointWriter writer(dir.path(), {.keep = 1});
  EXPECT_FALSE(fs::exists(left));
}

}  // namespace
}  // namespace glid
