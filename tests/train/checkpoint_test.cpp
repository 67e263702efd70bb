#include "glid/train/checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <signal.h>
#include <sys/resource.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
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

// And it is said.
void expect_step_1_instead(const fs::path& run, const std::string& file) {
  testing::internal::CaptureStderr();
  const auto newest = newest_checkpoint(run);
  const std::string log = testing::internal::GetCapturedStderr();
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->step(), 1) << file;
  EXPECT_THAT(log, testing::HasSubstr("step_00000002/"));
  EXPECT_THAT(log, testing::HasSubstr("; trying the checkpoint before it"));
}

TEST(Checkpoint, CutOrChangedAnywhereIsFoundAndTheOneBeforeTaken) {
  const TemporaryFolder dir;
  write(dir.path(), 1);
  write(dir.path(), 2);
  for (const char* name : {"model.safetensors", "config.yaml", "state.json"}) {
    const fs::path file = dir.path() / "checkpoints/step_00000002" / name;
    const std::string whole = read_file(file);
    const size_t half = whole.size() / 2;
    for (const size_t length : {size_t{0}, size_t{1}, half, whole.size() - 1}) {
      put_file(file, whole.substr(0, length));
      expect_step_1_instead(dir.path(), format("{} of {} bytes", name, length));
    }
    for (size_t place = 0; place < whole.size(); place += std::max<size_t>(1, whole.size() / 16)) {
      std::string flipped = whole;
      flipped[place] = static_cast<char>(flipped[place] ^ 1);
      put_file(file, flipped);
      expect_step_1_instead(dir.path(), format("{} changed at byte {}", name, place));
    }
    fs::remove(file);
    if (name != std::string("state.json")) expect_step_1_instead(dir.path(), format("{} removed", name));
    put_file(file, whole);
    EXPECT_EQ(newest_checkpoint(dir.path())->step(), 2);
  }
}

// Also a number of it that is as good as the one that was written.
TEST(Checkpoint, AStateThatWasChangedIsDamagedUnlessItsChecksumIsTakenOut) {
  const TemporaryFolder dir;
  CheckpointContent c = content(1, 0);
  c.state.set("seed", 1);
  CheckpointWriter writer(dir.path(), {.keep = 1});
  writer.write(c);
  writer.wait();
  const fs::path file = dir.path() / "checkpoints/step_00000001/state.json";
  std::string text = read_file(file);
  text.replace(text.find("\"seed\": 1") + 8, 1, "2");
  put_file(file, text);
  EXPECT_THAT([&] { newest_checkpoint(dir.path()); },
              testing::ThrowsMessage<DataError>(testing::HasSubstr("state.json: is damaged")));
  const size_t comma = text.rfind(',');
  put_file(file, text.substr(0, comma) + "\n}\n");
  EXPECT_EQ(newest_checkpoint(dir.path())->state.at("seed").as_int(), 2);
}

// A run that went on from 1 because 5 was damaged must not lose what it writes to a folder that nobody can read.
TEST(Checkpoint, DamagedLaterOnesTakeNoPlaceOfTheNewest) {
  const TemporaryFolder dir;
  const auto is_there = [&](int64_t step) { return fs::exists(dir.path() / format("checkpoints/step_{:08}", step)); };
  write(dir.path(), 1);
  write(dir.path(), 5);
  fs::resize_file(dir.path() / "checkpoints/step_00000005/model.safetensors", 10);
  CheckpointWriter writer(dir.path(), {.keep = 2});
  writer.pass_over_later_than(1);
  const auto write_step = [&](int64_t step) {
    writer.write(content(step, 0));
    writer.wait();
  };
  write_step(2);
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 2);
  write_step(6);  // behind the damaged one
  EXPECT_TRUE(is_there(2) && is_there(6));
  EXPECT_FALSE(is_there(1));
  write_step(5);  // whole now
  write_step(7);
  EXPECT_TRUE(is_there(6) && is_there(7));
  EXPECT_FALSE(is_there(2) || is_there(5));
}

// As on a full disk: files of more than a few pages are refused.
class NoLongFiles {
 public:
  explicit NoLongFiles(rlim_t bytes) {
    ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~NoLongFiles() { ::setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

TEST(Checkpoint, ThatTheDiskRefusesLeavesTheOneBeforeAndSaysSoSoon) {
  const TemporaryFolder dir;
  CheckpointWriter writer(dir.path(), {.keep = 1});
  writer.write(content(1, 1));
  writer.wait();
  CheckpointContent large = content(2, 2);
  large.tensors = {{"model", {{"w", at::zeros({1 << 16})}}}};
  const auto check = [&] {
    for (int i = 0; i < 600; ++i) {
      writer.check();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  };
  {
    const NoLongFiles limit(1 << 14);
    writer.write(large);
    EXPECT_THAT(check,
                testing::ThrowsMessage<Error>(testing::HasSubstr("can't be written (got File too large); ulimit -f")));
  }
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 1);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path() / "checkpoints"), {}), 1);
  writer.write(large);
  writer.wait();
  EXPECT_EQ(newest_checkpoint(dir.path())->step(), 2);
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
