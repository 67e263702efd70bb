#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/dist/communicator.h"
#include "glid/dist/launcher_note.h"
#include "support/on_ranks.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFolder = "GLID_TEST_FOLDER";
constexpr const char* kRole = "GLID_TEST_ROLE";

int rank() { return read_launch_env().rank; }

constexpr int kLost = static_cast<int>(ExitCode::kLostPeer);

[[noreturn]] void wait_to_be_ended(int code_if_not) {
  std::this_thread::sleep_for(std::chrono::seconds(60));
  std::_Exit(code_if_not);
}

// The launcher's exit code and what it and the ranks said on stderr.
struct Outcome {
  int code;
  std::string said;
};

Outcome run(int num_ranks, double grace_s = 10.0) {
  ::testing::internal::CaptureStderr();
  const int code = run_on_ranks(num_ranks, grace_s);
  return {code, ::testing::internal::GetCapturedStderr()};
}

TEST(Launcher, NamesTheFirstFailingRankAndEndsTheOthers) {
  if (in_rank()) {
    if (rank() == 1) std::_Exit(3);
    wait_to_be_ended(0);
  }
  const Outcome outcome = run(3, /*grace_s=*/0.3);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.said, HasSubstr("rank 1 of 3 failed with exit code 3"));
  EXPECT_THAT(outcome.said, Not(HasSubstr("rank 0 of 3")));
}

TEST(Launcher, SaysWhatToReadAndWhoLeftNothing) {
  if (in_rank()) {
    const fs::path folder = std::getenv(kFolder), record = folder / ("record" + std::to_string(rank()));
    EXPECT_TRUE(tell_launcher_what_to_read(record, folder / "log.txt"));
    make_communicator(read_launch_env(), at::kCPU)->barrier();  // all have told
    if (rank() == 1) ::raise(SIGKILL);
    write_file(record, "{}");
    std::_Exit(kLost);
  }
  const TemporaryFolder folder;
  ::setenv(kFolder, folder.path().c_str(), 1);
  const Outcome outcome = run(3, /*grace_s=*/60);
  EXPECT_EQ(outcome.code, 128 + SIGKILL);
  EXPECT_THAT(outcome.said, HasSubstr("read " + (folder.path() / "log.txt").string() +
                                      ", and what the ranks did last: " + (folder.path() / "record0").string() + ", " +
                                      (folder.path() / "record2").string() + "; nothing was left by rank 1"));
  EXPECT_FALSE(tell_launcher_what_to_read("", ""));  // nobody has started this one
}

TEST(Launcher, NamesASignal) {
  if (in_rank()) {
    if (rank() == 0) ::raise(SIGKILL);
    wait_to_be_ended(0);
  }
  const Outcome outcome = run(2, /*grace_s=*/0.3);
  EXPECT_EQ(outcome.code, 128 + SIGKILL);
  EXPECT_THAT(outcome.said, HasSubstr("rank 0 of 2 was ended by signal 9 (Killed)"));
}

TEST(Launcher, KillsWhoDoesNotEnd) {
  if (in_rank()) {
    const auto group = make_communicator(read_launch_env(), at::kCPU);
    if (rank() == 1) std::_Exit(4);
    wait_to_be_ended(0);
  }
  EXPECT_EQ(run(2, /*grace_s=*/0.3).code, 4);
}

TEST(Launcher, DoesNotBlameARankThatLostAPeer) {
  if (in_rank()) {
    if (rank() == 0) std::_Exit(kLost);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    std::_Exit(3);
  }
  const Outcome outcome = run(2, /*grace_s=*/60);
  EXPECT_EQ(outcome.code, 3);
  EXPECT_THAT(outcome.said, HasSubstr("rank 1 of 2 failed with exit code 3"));
  EXPECT_THAT(outcome.said, Not(HasSubstr("rank 0 of 2")));
}

TEST(Launcher, NamesTheRankThatTheOthersLostAndThatStillRuns) {
  if (in_rank()) {
    if (rank() != 1) std::_Exit(kLost);
    wait_to_be_ended(0);
  }
  const Outcome outcome = run(3, /*grace_s=*/1);
  EXPECT_EQ(outcome.code, kLost);
  EXPECT_THAT(outcome.said, HasSubstr("rank 1 of 3 does not answer"));
  EXPECT_THAT(outcome.said, Not(HasSubstr("rank 0 of 3")));
}

TEST(Launcher, SaysThatAllLostEachOther) {
  if (in_rank()) std::_Exit(kLost);
  const Outcome outcome = run(2, /*grace_s=*/60);
  EXPECT_EQ(outcome.code, kLost);
  EXPECT_THAT(outcome.said, HasSubstr("of 2 was the first to lose the others"));
}

sigset_t blocked(int signal) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

bool comes(const sigset_t& set) {
  const timespec patience{.tv_sec = 60, .tv_nsec = 0};
  return ::sigtimedwait(&set, nullptr, &patience) > 0;
}

TEST(Launcher, PassesSignalsOnAndReportsAnInterruption) {
  for (int signal : {SIGUSR1, SIGHUP, SIGINT, SIGTERM}) {
    if (const char* given = std::getenv(kRole); in_rank()) {
      const int expected = std::stoi(given);
      const sigset_t set = blocked(expected);
      const auto group = make_communicator(read_launch_env(), at::kCPU);
      if (group->is_main()) ::kill(::getppid(), expected);
      std::_Exit(comes(set) ? 75 : 1);
    }
    ::setenv(kRole, std::to_string(signal).c_str(), 1);
    ::signal(signal, SIG_DFL);
    EXPECT_EQ(run(2).code, 75) << ::strsignal(signal);
  }
}

TEST(Launcher, PassesASecondSignalOnAndBlamesNobody) {
  if (in_rank()) {
    const sigset_t set = blocked(SIGUSR1);
    const auto group = make_communicator(read_launch_env(), at::kCPU);
    for (int i = 0; i < 2; ++i) {
      if (group->is_main()) ::kill(::getppid(), SIGUSR1);
      if (!comes(set)) std::_Exit(1);
      group->barrier();
    }
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::raise(SIGUSR1);
  }
  ::signal(SIGUSR1, SIG_DFL);
  const Outcome outcome = run(2);
  EXPECT_EQ(outcome.code, 128 + SIGUSR1);
  EXPECT_THAT(outcome.said, Not(HasSubstr("of 2 was ended")));
}

TEST(Launcher, GivesTheRanksTheirPlacesAndNoneOfTheOutside) {
  if (in_rank()) {
    const LaunchEnv env = read_launch_env();
    EXPECT_EQ(env.size, 2);
    EXPECT_EQ(env.local_rank, env.rank);
    EXPECT_TRUE(fs::exists(fs::path(env.store_file).parent_path()));
    EXPECT_EQ(env.master_addr, "");
    write_file(fs::path(std::getenv(kFolder)) / std::to_string(env.rank), env.store_file);
    return;
  }
  const TemporaryFolder folder;
  ::setenv(kFolder, folder.path().c_str(), 1);
  ::setenv("MASTER_ADDR", "elsewhere", 1);
  EXPECT_EQ(run_on_ranks(2), 0);
  ::unsetenv("MASTER_ADDR");
  const std::string store_file = read_file(folder.path() / "0");
  EXPECT_EQ(read_file(folder.path() / "1"), store_file);
  EXPECT_FALSE(fs::exists(fs::path(store_file).parent_path()));
}

bool is_alive(const std::string& pid) {
  std::ifstream stat("/proc/" + pid + "/stat");
  std::string number, name, state;
  return stat >> number >> name >> state && state != "Z";
}

// The launcher that is killed is itself the only rank of an outer one.
TEST(Launcher, TakesTheRanksAlongWhenKilled) {
  if (const char* role = std::getenv(kRole); in_rank() && std::string(role) == "launcher") {
    ::setenv(kRole, "rank", 1);
    ::setenv("TMPDIR", std::getenv(kFolder), 1);
    for (const char* name : {"RANK", "LOCAL_RANK", "WORLD_SIZE", "GLID_STORE_FILE"}) ::unsetenv(name);
    std::_Exit(run_on_ranks(2));
  }
  if (in_rank()) {
    write_file(fs::path(std::getenv(kFolder)) / std::to_string(rank()), std::to_string(::getpid()));
    const auto group = make_communicator(read_launch_env(), at::kCPU);
    if (group->is_main()) ::kill(::getppid(), SIGKILL);
    wait_to_be_ended(0);
  }
  const TemporaryFolder folder;
  ::setenv(kFolder, folder.path().c_str(), 1);
  ::setenv(kRole, "launcher", 1);
  EXPECT_EQ(run(1).code, 128 + SIGKILL);
  for (const char* file : {"0", "1"}) {
    const std::string pid = read_file(folder.path() / file);
    for (int i = 0; i < 100 && is_alive(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    EXPECT_FALSE(is_alive(pid)) << "rank " << file;
  }
}

}  // namespace
}  // namespace glid
