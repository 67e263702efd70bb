// Signals and lost ranks, as a user meets them: what a run says, what it leaves, its exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "support/program.h"
#include "support/ranks.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kAsked = "asked to stop: a checkpoint follows";

bool says(const Program& program, const std::string& text) {
  return Program::wait_until([&] { return program.output().find(text) != std::string::npos; });
}

// Signals within a tenth of a second are copies of one.
void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(300)); }

int64_t checkpoints_in(const fs::path& out) {
  int64_t n = 0;
  if (!fs::exists(out / "checkpoints")) return 0;
  for (const auto& entry : fs::directory_iterator(out / "checkpoints")) n += fs::exists(entry.path() / "state.json");
  return n;
}

void expect_interrupted(const ProgramResult& result, const fs::path& out) {
  EXPECT_EQ(result.code, 75) << result.output;
  EXPECT_EQ(occurrences(result.output, kAsked), 1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("interrupted: checkpoint written"));
  EXPECT_EQ(checkpoints_in(out), 1);
}

TEST(Signals, EachAsksForACheckpointAndExitsWith75) {
  for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    SCOPED_TRACE(strsignal(signal));
    const TemporaryFolder dir;
    const Program program("glid_train", endless(dir.path()));
    ASSERT_TRUE(steps_on(dir.path()));
    program.send(signal);
    expect_interrupted(program.wait(), dir.path());
  }
}

TEST(Signals, ToTheLauncherReachAllRanks) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2"}));
  ASSERT_TRUE(steps_on(dir.path()));
  program.send(SIGHUP);
  expect_interrupted(program.wait(), dir.path());
}

// As a terminal, a scheduler or timeout(1) does it: every process gets the signal, some twice, and the launcher passes
// it on as well.
TEST(Signals, ToTheWholeGroupCountOnce) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2"}));
  ASSERT_TRUE(steps_on(dir.path()));
  const pid_t ranks[] = {rank_of(program, 0), rank_of(program, 1)};
  for (pid_t rank : ranks) kill(rank, SIGTERM);
  program.send(SIGTERM);
  expect_interrupted(program.wait(), dir.path());
}

// As nohup(1) starts a run. One behind a launcher does not even get them.
TEST(Signals, ThatWereIgnoredAtTheStartStayIgnored) {
  for (const std::vector<std::string>& launched : {std::vector<std::string>{}, {"--nproc", "1"}, {"--nproc", "2"}}) {
    const TemporaryFolder dir;
    const Program program("glid_train", endless(dir.path(), launched), {SIGHUP, SIGINT});
    ASSERT_TRUE(steps_on(dir.path()));
    program.send(SIGHUP);
    program.send(SIGINT);
    ASSERT_TRUE(steps_on(dir.path(), 5));
    program.send(SIGTERM);
    expect_interrupted(program.wait(), dir.path());
  }
}

TEST(Signals, AnAlarmOfSomebodyElseIsNone) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path()));
  ASSERT_TRUE(steps_on(dir.path()));
  program.send(SIGALRM);
  ASSERT_TRUE(steps_on(dir.path(), 5));
  program.send(SIGTERM);
  expect_interrupted(program.wait(), dir.path());
}

// One of hours, before the first step.
TEST(Signals, InAValidationAreAnsweredAtTheEndOfABatch) {
  for (const char* nproc : {"1", "2"}) {
    const TemporaryFolder dir;
    const Program program("glid_train", endless(dir.path(), {"--nproc", nproc, "--set", "data.count=2000000"}));
    ASSERT_TRUE(says(program, "200000 to validate on")) << program.output();
    program.send(SIGTERM);
    expect_interrupted(program.wait(), dir.path());
    EXPECT_THAT(metrics(dir.path()), Not(HasSubstr("without_learning")));
  }
}

TEST(Signals, ToOneRankInAValidationReachAll) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2", "--set", "data.count=2000000"}));
  ASSERT_TRUE(says(program, "200000 to validate on")) << program.output();
  kill(rank_of(program, 1), SIGUSR1);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 75) << result.output;
  EXPECT_THAT(result.output, HasSubstr("interrupted: checkpoint written at step 0"));
}

// Rank 1 stands still, so that rank 0 waits in a collective and can't answer.
TEST(Signals, ASecondOneEndsTheRunAtOnce) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2"}));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGSTOP);
  program.send(SIGINT);
  ASSERT_TRUE(says(program, kAsked)) << program.output();
  pause();
  program.send(SIGTERM);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGTERM) << result.output;
  EXPECT_THAT(result.output, HasSubstr("a second signal: ended at once"));
  EXPECT_THAT(result.output, Not(HasSubstr("of 2 was ended")));
  EXPECT_EQ(checkpoints_in(dir.path()), 0);
}

// Nobody but the launcher can act.
TEST(Signals, ASecondOneEndsRanksThatAllStandStill) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2"}));
  ASSERT_TRUE(steps_on(dir.path()));
  for (const int rank : {0, 1}) kill(rank_of(program, rank), SIGSTOP);
  program.send(SIGTERM);
  pause();
  program.send(SIGTERM);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGTERM) << result.output;
  EXPECT_THAT(result.output, HasSubstr("rank 0 of 2 does not answer the second signal"));
}

TEST(Signals, WithoutAnAnswerEndTheRunAfterTheGrace) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2", "--set", "train.stop_grace_s=0.5"}));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGSTOP);
  program.send(SIGUSR1);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGUSR1) << result.output;
  EXPECT_THAT(result.output, HasSubstr("no step has ended within 0.5 s (train.stop_grace_s)"));
}

// Rank 0 of two waits for one that never comes.
TEST(Signals, AtStartUpEndTheProgramAtOnce) {
  const TemporaryFolder dir;
  const Program program = start_rank_of_two(0, dir.path() / "store", "glid_train", endless(dir.path() / "run"));
  ASSERT_TRUE(Program::wait_for(dir.path() / "store"));
  program.send(SIGTERM);
  EXPECT_EQ(program.wait().code, 128 + SIGTERM);
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
}

// Whether the second signal finds the checkpoint unfinished or complete, the run goes on.
TEST(Signals, WhileACheckpointIsWrittenLeaveNoHalfOne) {
  const TemporaryFolder dir;
  const std::vector<std::string> often{"--set", "checkpoint.every_steps=1", "--set", "checkpoint.keep=3"};
  const Program program("glid_train", endless(dir.path(), often));
  ASSERT_TRUE(steps_on(dir.path(), 5));
  program.send(SIGTERM);
  ASSERT_TRUE(says(program, kAsked)) << program.output();
  program.send(SIGKILL);
  EXPECT_THAT(program.wait().code, AnyOf(75, 128 + SIGKILL));
  const Program again("glid_train", endless(dir.path(), often));
  EXPECT_TRUE(says(again, "going on at step")) << again.output();
  ASSERT_TRUE(steps_on(dir.path()));
  again.send(SIGTERM);
  EXPECT_EQ(again.wait().code, 75);
}

TEST(LostRank, ThatIsKilledIsNamedByTheLauncher) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2"}));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGKILL);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 128 + SIGKILL) << result.output;
  EXPECT_THAT(result.output, HasSubstr("rank 1 of 2 was ended by signal 9 (Killed)"));
  EXPECT_THAT(result.output,
              ContainsRegex("glid_train: rank 0, step [0-9]+: the [^\n]+ failed: [^\n]+; another rank ended"));
}

TEST(LostRank, ThatIsStoppedIsWaitedForNoLongerThanTheTimeout) {
  const TemporaryFolder dir;
  const Program program("glid_train", endless(dir.path(), {"--nproc", "2", "--set", "train.collective_timeout_s=10"}));
  ASSERT_TRUE(steps_on(dir.path()));
  kill(rank_of(program, 1), SIGSTOP);
  const ProgramResult result = program.wait();
  EXPECT_EQ(result.code, 5) << result.output;
  EXPECT_THAT(result.output,
              ContainsRegex("glid_train: rank 0, step [0-9]+: the [^\n]+ failed: [^\n]+; another rank ended"));
  EXPECT_THAT(result.output, HasSubstr("rank 1 of 2 does not answer"));
}

TEST(OneFolder, HasOneRunUntilItIsGone) {
  const TemporaryFolder dir;
  Program first("glid_train", endless(dir.path()));
  ASSERT_TRUE(steps_on(dir.path()));
  const ProgramResult second = run("glid_train", endless(dir.path(), {"--nproc", "2"}));
  EXPECT_EQ(second.code, 2) << second.output;
  EXPECT_THAT(second.output, HasSubstr("another run is writing there (got process " + std::to_string(first.pid())));
  EXPECT_TRUE(steps_on(dir.path()));
  first.send(SIGKILL);
  EXPECT_EQ(first.wait().code, 128 + SIGKILL);
  const Program third("glid_train", endless(dir.path()));
  EXPECT_TRUE(says(third, "is gone and left the folder to this one"));
  ASSERT_TRUE(steps_on(dir.path()));
  third.send(SIGINT);
  expect_interrupted(third.wait(), dir.path());
  EXPECT_FALSE(fs::exists(dir.path() / "run.lock"));
}

}  // namespace
}  // namespace glid
