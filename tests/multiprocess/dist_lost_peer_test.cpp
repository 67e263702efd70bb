// A rank that is gone or silent ends the others with one line that names them, the step and the collective.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/dist/gradient_reducer.h"
#include "support/on_ranks.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr const char* kFolder = "GLID_TEST_FOLDER";
constexpr double kTimeoutS = 10;  // that the ranks surely need not to meet

std::filesystem::path folder() { return std::getenv(kFolder); }
int rank() { return read_launch_env().rank; }

[[noreturn]] void wait_to_be_ended() {
  std::this_thread::sleep_for(std::chrono::seconds(120));
  std::_Exit(1);
}

// What each rank says of a lost peer, and how it ends: as a program's main does.
template <typename Body>
[[noreturn]] void end_like_a_program(const Body& body) {
  const int code = run_program("test", [&] {
    try {
      body();
    } catch (const LostPeerError& error) {
      write_file(folder() / std::to_string(rank()), error.what());
      throw;
    }
    return ExitCode::kDone;
  });
  std::_Exit(code);
}

// The launcher's exit code, its words, and rank 0's.
struct Outcome {
  int code;
  std::string launcher, rank_0;
};

Outcome run_two(double grace_s) {
  const TemporaryFolder folder;
  ::setenv(kFolder, folder.path().c_str(), 1);
  ::testing::internal::CaptureStderr();
  const int code = run_on_ranks(2, grace_s);
  const std::string said = ::testing::internal::GetCapturedStderr();
  const bool spoke = std::filesystem::exists(folder.path() / "0");
  return {code, said, spoke ? read_file(folder.path() / "0") : ""};
}

std::unique_ptr<Communicator> join(double timeout_s = kTimeoutS) {
  return make_communicator(read_launch_env(), at::kCPU, timeout_s);
}

constexpr const char* kCause = "[^\n]*; another rank ended, is elsewhere, or did not come within train.collective_timeout_s";

TEST(LostPeer, ThatIsSilentIsWaitedForNoLongerThanTheTimeout) {
  if (in_rank()) {
    end_like_a_program([] {
      const auto group = join();
      group->set_step(7);
      if (rank() == 1) wait_to_be_ended();
      group->all_reduce_sum(at::zeros({3}), "the counts");
    });
  }
  const Outcome outcome = run_two(/*grace_s=*/1);
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kLostPeer));
  EXPECT_THAT(outcome.rank_0, MatchesRegex(std::string("rank 0, step 7: the all-reduce of the counts failed: ") + kCause));
  EXPECT_THAT(outcome.launcher, HasSubstr("rank 1 of 2 does not answer"));
}

// The system accepts connections for it, as for a process that stands still.
int port_where_nobody_answers() {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof place;
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&place), size), 0);
  EXPECT_EQ(::listen(listener, 8), 0);
  EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&place), &size), 0);
  return ntohs(place.sin_port);
}

TEST(LostPeer, ThatDoesNotAnswerAtTheMeetingIsWaitedForNoLongerThanTheTimeout) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const LaunchEnv env{.rank = 1,
                      .size = 2,
                      .local_rank = 1,
                      .local_size = 2,
                      .master_addr = "127.0.0.1",
                      .master_port = port_where_nobody_answers()};
  EXPECT_EXIT(make_communicator(env, at::kCPU, /*timeout_s=*/1), ::testing::ExitedWithCode(5),
              "rank 1, at start-up: the meeting of 2 ranks failed: a rank does not answer");
}

// Each call in turn meets a dead peer.
TEST(LostPeer, ThatDiesIsMissedByEveryCall) {
  const std::vector<std::pair<std::string, std::function<void(Communicator&)>>> calls{
      {"the broadcast of the shapes", [](Communicator& g) { g.broadcast(at::zeros({1 << 20}), 1, "the shapes"); }},
      {"the gathering of the records", [](Communicator& g) { g.all_gather_bytes("abc", "the records"); }},
      {"the barrier", [](Communicator& g) { g.barrier(); }},
      {"the all-reduce of values", [](Communicator& g) { g.all_reduce_sum(at::zeros({1})); }}};
  for (const auto& [name, call] : calls) {
    if (in_rank() && std::getenv("GLID_TEST_CALL") != name) continue;
    if (in_rank()) {
      end_like_a_program([&, &call = call] {
        const auto group = join(/*timeout_s=*/600);
        group->set_step(12);
        if (rank() == 1) ::raise(SIGKILL);
        call(*group);
      });
    }
    ::setenv("GLID_TEST_CALL", name.c_str(), 1);
    const Outcome outcome = run_two(/*grace_s=*/60);
    EXPECT_EQ(outcome.code, 128 + SIGKILL);
    EXPECT_THAT(outcome.rank_0, MatchesRegex("rank 0, step 12: " + name + " failed: " + kCause));
    EXPECT_THAT(outcome.launcher, HasSubstr("rank 1 of 2 was ended by signal 9 (Killed)"));
    EXPECT_THAT(outcome.launcher, Not(HasSubstr("rank 0 of 2")));
  }
}

TEST(LostPeer, ThatDiesInBackwardIsMissedByTheAveraging) {
  if (in_rank()) {
    end_like_a_program([] {
      const auto group = join(/*timeout_s=*/600);
      const at::Tensor weight = at::ones({1 << 16}).set_requires_grad(true);
      GradientReducer reducer({{"weight", weight}}, *group);
      group->set_step(3);
      if (rank() == 1) ::raise(SIGKILL);
      reducer.backward(weight.square().sum(), /*last=*/true);
    });
  }
  const Outcome outcome = run_two(/*grace_s=*/60);
  EXPECT_EQ(outcome.code, 128 + SIGKILL);
  EXPECT_THAT(outcome.rank_0, MatchesRegex(std::string("rank 0, step 3: the averaging of the gradients failed: ") + kCause));
}

TEST(LostPeer, ThatDoesNotComeToTheEndIsWaitedForNoLongerThanTheTimeout) {
  if (in_rank()) {
    const auto group = join();
    group->set_step(20);
    if (rank() == 1) wait_to_be_ended();
    return;
  }
  const Outcome outcome = run_two(/*grace_s=*/1);
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kLostPeer));
  EXPECT_THAT(outcome.launcher,
              HasSubstr("rank 0, step 20: the parting of 2 ranks failed: Wait timeout; another rank ended"));
  EXPECT_THAT(outcome.launcher, HasSubstr("rank 1 of 2 does not answer"));
}

// As NCCL's watchdog finds it.
TEST(LostPeer, ThatAThreadOfTheTransportMissesEndsTheProcess) {
  if (in_rank()) {
    const auto group = join();
    group->set_step(9);
    std::thread([] { C10_THROW_ERROR(DistBackendError, "Watchdog caught collective operation timeout\nand more"); }).join();
    std::_Exit(0);
  }
  const Outcome outcome = run_two(/*grace_s=*/60);
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kLostPeer));
  EXPECT_THAT(outcome.launcher, HasSubstr("rank 0, step 9: a collective on the device failed: Watchdog caught collective "
                                          "operation timeout; another rank ended"));
}

TEST(LostPeer, ThatNeverComesIsMissedAtStartUp) {
  if (in_rank()) {
    if (rank() == 1) wait_to_be_ended();
    end_like_a_program([] { join(/*timeout_s=*/0.5); });
  }
  const Outcome outcome = run_two(/*grace_s=*/1);
  EXPECT_EQ(outcome.code, static_cast<int>(ExitCode::kLostPeer));
  EXPECT_THAT(outcome.rank_0, MatchesRegex(std::string("rank 0, at start-up: the meeting of 2 ranks failed: ") + kCause));
  EXPECT_THAT(outcome.launcher, HasSubstr("rank 1 of 2 does not answer"));
}

}  // namespace
}  // namespace glid
