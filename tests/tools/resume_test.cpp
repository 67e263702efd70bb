// A run that was stopped, by any means, ends with the bits of one that was not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Ranks die with their launcher, but not at the same moment.
void wait_for_the_end_of(const fs::path& run) {
  if (!fs::exists(run / "run.lock")) return;
  const auto pid = static_cast<pid_t>(Json::parse(read_file(run / "run.lock"), "lock").at("pid").as_int());
  const auto is_gone = [pid] {
    std::string state;
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    for (int i = 0; i < 3; ++i) stat >> state;  // pid, name, state
    return !stat || state == "Z";               // ended, and perhaps nobody asked how
  };
  ASSERT_TRUE(Program::wait_until(is_gone));
}

// The factor of fp16's loss and the steps since it changed, after the last step.
std::string scaler_of(const fs::path& run) {
  return Json::parse(read_file(checkpoint_of(run, 12) / "state.json"), "state").at("scaler").dump();
}

// Kills a run after its first checkpoint, with another number of decode threads afterwards.
void kill_and_resume(const std::vector<std::string>& options) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", killed = dir.path() / "killed";
  const ProgramResult reference = run("glid_train", small_training(whole, options));
  ASSERT_EQ(reference.code, 0) << reference.output;
  const Program program("glid_train", small_training(killed, options));
  ASSERT_TRUE(Program::wait_for(killed / "checkpoints/step_00000004/state.json"));
  program.send(SIGKILL);
  program.wait();  // a run that ended before the signal came is one more that goes on
  wait_for_the_end_of(killed);
  std::vector<std::string> again = small_training(killed, options);
  again.insert(again.end(), {"--set", "data.workers=3"});
  const ProgramResult resumed = run("glid_train", again);
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("going on at step"));
  expect_equal_checkpoints(whole, killed, 12);
  EXPECT_EQ(scaler_of(whole), scaler_of(killed));
}

TEST(Resume, AfterKill9IsBitEqual) { kill_and_resume({}); }

TEST(Resume, AveragesAndFrozenPartsGoOnBitEqual) {
  kill_and_resume({"--set", "optim.ema=0.9", "--set", "optim.freeze=[encoder]"});
}

TEST(Resume, InFp16IsBitEqual) { kill_and_resume({"--set", "train.precision=fp16", "--set", "train.batch_size=2"}); }

TEST(Resume, AfterKill9OfTwoRanksIsBitEqual) { kill_and_resume({"--nproc", "2"}); }

// Two runs whose parts are made by so many ranks, one of them with its optimizer spread over them in some parts.
TEST(Resume, ASpreadOptimizerGoesOnOnAnyNumberOfRanksBitEqual) {
  const TemporaryFolder dir;
  struct Part {
    const char *ranks, *spread;
  };
  for (const auto& [steps, part] :
       std::map<int, Part>{{2, {"3", "true"}}, {4, {"2", "true"}}, {6, {"2", "false"}}, {8, {"1", "true"}}})
    for (const bool may_spread : {false, true}) {
      const ProgramResult result = run(
          "glid_train", small_training(dir.path() / (may_spread ? "spread" : "whole"),
                                       {"--nproc", part.ranks, "--set", "train.batch_size=6", "--set", "optim.ema=0.9",
                                        "--set", format("train.steps={}", steps), "--set", "optim.freeze=[bifpn]", "--set",
                                        format("train.shard_optimizer={}", may_spread ? part.spread : "false")}));
      ASSERT_EQ(result.code, 0) << result.output;
    }
  for (const int64_t step : {2, 4, 6, 8}) expect_equal_checkpoints(dir.path() / "whole", dir.path() / "spread", step);
}

// Stopped at a step that we don't choose, in a run too long to end before the signal: its rate must not depend on its
// length.
TEST(Resume, AfterSigtermIsBitEqual) {
  const TemporaryFolder dir;
  const fs::path stopped = dir.path() / "stopped", whole = dir.path() / "whole";
  const auto of_steps = [](int64_t steps) {
    std::vector<std::string> options;
    for (const std::string& setting : {format("train.steps={}", steps), std::string("checkpoint.every_steps=10000000"),
                                       std::string("log.every_steps=1"), std::string("eval.every_steps=0"),
                                       std::string("optim.schedule={name: steps, unit: steps, milestones: [10000000]}")})
      options.insert(options.end(), {"--set", setting});
    return options;
  };
  const Program program("glid_train", small_training(stopped, of_steps(10'000'000)));
  ASSERT_TRUE(Program::wait_for(stopped / "metrics.jsonl"));
  ASSERT_TRUE(
      Program::wait_until([&] { return read_file(stopped / "metrics.jsonl").find("grad_norm") != std::string::npos; }));
  program.send(SIGTERM);
  const ProgramResult result = program.wait();
  ASSERT_EQ(result.code, 75) << result.output;
  ASSERT_EQ(checkpoint_steps(stopped).size(), 1u);
  const int64_t steps = *checkpoint_steps(stopped).begin() + 4;
  ASSERT_EQ(run("glid_train", small_training(stopped, of_steps(steps))).code, 0);
  ASSERT_EQ(run("glid_train", small_training(whole, of_steps(steps))).code, 0);
  expect_equal_checkpoints(whole, stopped, steps);
}

TEST(Resume, AnotherRunInTheFolderIsRefusedWithTheDifference) {
  const TemporaryFolder dir;
  ASSERT_EQ(run("glid_train", small_training(dir.path(), {"--set", "train.steps=4"})).code, 0);
  const ProgramResult other = run("glid_train", small_training(dir.path(), {"--set", "optim.lr=0.5"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.output, HasSubstr("optim.lr"));
  const ProgramResult none = run("glid_train", small_training(dir.path(), {"--resume", "none"}));
  EXPECT_EQ(none.code, 2) << none.output;
}

TEST(Resume, StartsFromWeightsOnceAndGoesOnWithoutThem) {
  const TemporaryFolder dir;
  const fs::path first = dir.path() / "first", second = dir.path() / "second";
  ASSERT_EQ(run("glid_train", small_training(first, {"--set", "train.steps=4"})).code, 0);
  const std::vector<std::string> from_first{"--set", "init.from=" + first.string(), "--set", "init.parts=[encoder, bifpn]"};
  std::vector<std::string> short_run = from_first;
  short_run.insert(short_run.end(), {"--set", "train.steps=4"});
  const ProgramResult started = run("glid_train", small_training(second, short_run));
  ASSERT_EQ(started.code, 0) << started.output;
  EXPECT_THAT(started.output, HasSubstr("encoder: "));
  fs::remove_all(first);
  const ProgramResult resumed = run("glid_train", small_training(second, from_first));
  EXPECT_EQ(resumed.code, 0) << resumed.output;
}

TEST(Resume, AFolderWithoutACheckpointStartsAtStepZero) {
  const TemporaryFolder dir;
  ASSERT_EQ(run("glid_train", small_training(dir.path(), {"--set", "train.steps=4"})).code, 0);
  fs::remove_all(dir.path() / "checkpoints");
  const ProgramResult result = run("glid_train", small_training(dir.path(), {"--set", "train.steps=4"}));
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.output, HasSubstr("starting at step 0"));
}

TEST(Resume, ATruncatedCheckpointIsAnErrorThatNamesTheFile) {
  const TemporaryFolder dir;
  ASSERT_EQ(run("glid_train", small_training(dir.path(), {"--set", "train.steps=4"})).code, 0);
  fs::resize_file(dir.path() / "checkpoints/step_00000004/model.safetensors", 100);
  const ProgramResult result = run("glid_train", small_training(dir.path(), {"--set", "train.steps=4"}));
  EXPECT_EQ(result.code, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr("model.safetensors"));
}

}  // namespace
}  // namespace glid
