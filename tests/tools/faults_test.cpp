// What clusters do to a run: ranks that die or stand still, disks that refuse. What is said, what is left, how it goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"
#include "support/ranks.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

Json record_of(const fs::path& out, int rank) {
  const fs::path file = out / format("flight_rank{}.json", rank);
  return Json::parse(read_file(file), file.string());
}

bool has_records(const fs::path& out) {
  return std::ranges::any_of(fs::directory_iterator(out), [](const fs::directory_entry& entry) {
    return entry.path().filename().string().starts_with("flight");
  });
}

std::vector<std::string> on_two(const std::vector<std::string>& more = {}) {
  std::vector<std::string> options{"--nproc", "2"};
  options.insert(options.end(), more.begin(), more.end());
  return options;
}

// Each rank reads what its own host has.
TEST(Ranks, WithOtherFilesThanRank0EndAtTheStart) {
  const TemporaryFolder dir;
  for (const char* host : {"host0", "host1"})
    ASSERT_EQ(run("glid_data", {"make-demo", "--out", dir.path() / host, "--count", "20", "--size", "32"}).code, 0);
  const fs::path images = dir.path() / "host1/train";
  fs::remove(images / files_below(images).front());
  const auto rank = [&](const std::string& number) {
    std::vector<std::string> words{"RANK=" + number, "LOCAL_RANK=" + number, "WORLD_SIZE=2",
                                   format("GLID_STORE_FILE={}", (dir.path() / "store").string()),
                                   (fs::path(GLID_TEST_BIN) / "glid_train").string()};
    const auto options = small_training(dir.path() / "run", with_data("folder", dir.path() / ("host" + number)));
    words.insert(words.end(), options.begin(), options.end());
    return words;
  };
  const Program first("/usr/bin/env", rank("0")), second("/usr/bin/env", rank("1"));
  const ProgramResult results[] = {first.wait(), second.wait()};
  for (const ProgramResult& result : results) EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(results[1].output, HasSubstr("data: rank 1 finds other samples than rank 0 (got 19 samples, names "));
  EXPECT_THAT(results[1].output, HasSubstr("rank 0 has 20 samples, names "));
}

TEST(FlightRecord, OfWhoLostAKilledRankNamesTheCallAndTheSamples) {
  const TemporaryFolder dir;
  const fs::path out = dir.path() / "run";
  const Program program("glid_train", endless(out, on_two()));
  ASSERT_TRUE(steps_on(out, 8));
  kill(rank_of(program, 1), SIGKILL);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGKILL) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr(format("read {0}/log.txt, and what the ranks did last: {0}/flight_rank0.json; nothing "
                               "was left by rank 1",
                               out.string())));
  const Json record = record_of(out, 0);
  EXPECT_THAT(record.at("reason").as_string(), HasSubstr("another rank ended"));
  EXPECT_THAT(read_file(out / "log.txt"), HasSubstr("glid_train: " + record.at("reason").as_string()));
  const Json::Array& calls = record.at("collectives").as_array();
  EXPECT_FALSE(calls.back().at("returned").as_bool());
  EXPECT_THAT(record.at("reason").as_string(), HasSubstr(calls.back().at("name").as_string()));
  EXPECT_TRUE(calls.at(calls.size() - 2).at("returned").as_bool());
  EXPECT_GE(record.at("steps").as_array().size(), 8u);
  EXPECT_GT(record.at("steps").as_array().front().at("seconds").as_double(), 0);
  EXPECT_EQ(record.at("batches").as_array().back().at("samples").as_array().size(), 4u);  // half of the batch
  EXPECT_FALSE(fs::exists(out / "flight_rank1.json"));
}

TEST(FlightRecord, IsSetAsideByTheNextStartAndGoesWhenTheRunIsDone) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", killed = dir.path() / "killed";
  const std::vector<std::string> longer =
      on_two({"--set", "train.steps=40", "--set", "eval.every_steps=0", "--set", "log.pictures_every_steps=0"});
  const Program program("glid_train", small_training(killed, longer));
  ASSERT_TRUE(Program::wait_for(killed / "checkpoints/step_00000004/state.json"));
  kill(rank_of(program, 1), SIGSEGV);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGSEGV) << result.output;
  EXPECT_THAT(result.output, HasSubstr("what the ranks did last: " + (killed / "flight_rank1.json").string() + ", "));
  EXPECT_EQ(record_of(killed, 1).at("reason").as_string(), "signal 11 (Segmentation fault)");
  const Program again("glid_train", small_training(killed, longer));
  ASSERT_TRUE(Program::wait_for(killed / "flight_before_rank1.json"));
  EXPECT_FALSE(fs::exists(killed / "flight_rank1.json"));
  const ProgramResult done = again.wait();
  EXPECT_EQ(done.code, 0) << done.output;
  EXPECT_FALSE(has_records(killed));
}

TEST(FlightRecord, IsNotLeftByAStopThatWasAskedFor) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), on_two()));
  ASSERT_TRUE(steps_on(dir.path()));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().code, 75);
  EXPECT_FALSE(has_records(dir.path()));
}

// A job whose time is over while a rank hangs.
TEST(FlightRecord, IsLeftByAStopThatNobodyAnswers) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), on_two({"--set", "train.stop_grace_s=0.5"})));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGSTOP);
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().code, 128 + SIGTERM);
  EXPECT_THAT(record_of(dir.path(), 0).at("reason").as_string(), HasSubstr("no step has ended within train.stop_grace_s"));
  EXPECT_FALSE(record_of(dir.path(), 0).at("collectives").as_array().back().at("returned").as_bool());
}

TEST(FlightRecord, OfARankThatWaitedForOneThatStandsStill) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), on_two({"--set", "train.collective_timeout_s=10"})));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGSTOP);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 5) << result.output;
  EXPECT_THAT(result.output, HasSubstr((dir.path() / "flight_rank0.json").string()));
  EXPECT_GT(record_of(dir.path(), 0).at("collectives").as_array().back().at("seconds").as_double(), 9);
}

// A disk that refuses long files, as a full one refuses all: by ulimit -f, in blocks of 512 bytes.
ProgramResult run_without_long_files(int blocks, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-c", format("ulimit -f {}; exec \"$@\"", blocks), "sh",
                                       (fs::path(GLID_TEST_BIN) / "glid_train").string()});
  return run("/bin/sh", arguments);
}

TEST(Disk, ThatRefusesACheckpointEndsTheRunAndTheSameCommandGoesOn) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", out = dir.path() / "run";
  for (const fs::path& folder : {whole, out}) ASSERT_EQ(run("glid_train", small_training(folder)).code, 0);
  for (const int64_t later : {6, 8, 12}) fs::remove_all(checkpoint_of(out, later));
  const ProgramResult refused = run_without_long_files(100, small_training(out));
  EXPECT_EQ(refused.code, 1) << refused.output;
  EXPECT_THAT(refused.output,
              testing::ContainsRegex("glid_train: [^\n]*/checkpoints/step_0000000[68][^\n]*safetensors: can't be "
                                     "written \\(got File too large\\); ulimit -f"));
  EXPECT_EQ(checkpoint_steps(out), std::set<int64_t>{4});
  const ProgramResult again = run("glid_train", small_training(out));
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("going on at step 4"));
  expect_equal_checkpoints(whole, out, 12);
  EXPECT_FALSE(has_records(out));
}

TEST(Disk, WhoseFolderVanishesEndsTheRunAndTheSameCommandBeginsAgain) {
  const TemporaryFolder dir;
  const fs::path out = dir.path() / "run";
  const Program program("glid_train", endless(out, on_two()));
  ASSERT_TRUE(steps_on(out));
  fs::rename(out, dir.path() / "elsewhere");
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("glid_train: " + (out / "metrics.jsonl").string() +
                                       ": can't be written (got No such file or directory); is its folder still there?"));
  EXPECT_THAT(result.output, HasSubstr("rank 0 of 2 failed with exit code 1"));
  const Program again("glid_train", endless(out, on_two()));
  EXPECT_TRUE(steps_on(out));
}

TEST(Disk, ThatMayNotBeWrittenIsNamedAtOnce) {
  for (const char* place : {"/sys/kernel/glid", "/proc/glid"}) {
    const ProgramResult result = run("glid_train", small_training(place));
    EXPECT_NE(result.code, 0);
    EXPECT_THAT(result.output, HasSubstr(place));
    EXPECT_EQ(result.num_lines(), 1) << result.output;
  }
}

// The newest one is cut; the run says so, goes on from the one before, and ends as if nothing had been.
TEST(Disk, ThatCutACheckpointCostsTheStepsSinceTheOneBefore) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", out = dir.path() / "run";
  for (const fs::path& folder : {whole, out}) ASSERT_EQ(run("glid_train", small_training(folder)).code, 0);
  fs::resize_file(checkpoint_of(out, 12) / "optimizer.safetensors", 1000);
  fs::resize_file(checkpoint_of(out, 8) / "state.json", 100);
  const ProgramResult again = run("glid_train", small_training(out));
  EXPECT_EQ(again.code, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("optimizer.safetensors: is damaged: its checksum is not the one in state.json; remove "
                                      "that checkpoint; trying the checkpoint before it"));
  EXPECT_THAT(again.output, HasSubstr("going on at step 6"));
  for (const int64_t step : {8, 12}) expect_equal_checkpoints(whole, out, step);
}

// Whatever is closed when a program starts, its files are the same: no line of a log gets into one of them.
TEST(Streams, ThatAreClosedChangeNoFile) {
  const TemporaryFolder dir;
  const auto train = [&](const std::string& out, const std::string& closed) {
    std::vector<std::string> arguments = small_training(dir.path() / out, {"--set", "train.steps=4"});
    arguments.insert(arguments.begin(),
                     {"-c", "exec \"$@\" " + closed, "sh", (fs::path(GLID_TEST_BIN) / "glid_train").string()});
    EXPECT_EQ(run("/bin/sh", arguments).code, 0) << closed;
  };
  train("open", "");
  const std::vector<std::string> all{"<&-", ">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"};
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string out = std::to_string(i);
    train(out, all[i]);
    expect_equal_checkpoints(dir.path() / "open", dir.path() / out, 4);
    EXPECT_EQ(lines_of(dir.path() / out / "metrics.jsonl").size(), lines_of(dir.path() / "open/metrics.jsonl").size());
    EXPECT_EQ(read_file(dir.path() / out / "config.yaml").find(" done: "), std::string::npos);
  }
}

// As `| head -2` on what a run says, or nobody from the start: the reader ends, the run doesn't.
TEST(Streams, WhoseReaderEndsAreNoReasonToStop) {
  const TemporaryFolder dir;
  const auto train_before = [&](const char* reader, const std::vector<std::string>& launched) {
    const fs::path out = dir.path() / format("{} options", launched.size());
    std::vector<std::string> arguments = small_training(out, launched);
    arguments.insert(arguments.begin(), {"-o", "pipefail", "-c", format("\"$@\" 2>&1 | {}", reader), "bash",
                                         (fs::path(GLID_TEST_BIN) / "glid_train").string()});
    const ProgramResult result = run("/bin/bash", arguments);
    EXPECT_EQ(result.code, 0) << result.output;
    return read_file(out / "log.txt");
  };
  for (const std::vector<std::string>& launched : {std::vector<std::string>{}, on_two()}) {
    EXPECT_THAT(train_before("head -2", launched), HasSubstr("done: 12 steps"));
    EXPECT_THAT(train_before("true", launched), HasSubstr("going on at step 12"));
  }
}

TEST(Disk, WhoseLogCantBeWrittenIsNamed) {
  const TemporaryFolder dir;
  fs::create_directories(dir.path() / "run/log.txt");
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run"));
  EXPECT_EQ(result.code, 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr((dir.path() / "run/log.txt").string() + ": can't be written"));
}

TEST(Disk, ThatRefusesAPictureCostsNoStep) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", out = dir.path() / "run";
  ASSERT_EQ(run("glid_train", small_training(whole)).code, 0);
  fs::create_directories(out / "curve.png" / "of_somebody");
  const ProgramResult result = run("glid_train", small_training(out));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr((out / "curve.png").string()));
  EXPECT_THAT(result.output, HasSubstr("the run goes on without this picture"));
  expect_equal_checkpoints(whole, out, 12);
}

}  // namespace
}  // namespace glid
