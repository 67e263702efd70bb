#include "glid/train/phase_timer.h"

#include <ATen/record_function.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace glid {
namespace {

using testing::ElementsAre;
using testing::Field;

constexpr std::chrono::milliseconds kSleep(5);

void sleep() { std::this_thread::sleep_for(kSleep); }

void inner() {
  RECORD_USER_SCOPE("inner");
  sleep();
}

void outer() {
  RECORD_USER_SCOPE("outer");
  inner();
  sleep();
  inner();
}

TEST(PhaseTimer, AddsUpEachPhaseWithoutThoseInside) {
  const auto begin = std::chrono::steady_clock::now();
  const PhaseTimer timer(at::kCPU);
  outer();
  const double whole = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const std::vector<PhaseTime> phases = timer.here();
  ASSERT_THAT(phases, ElementsAre(Field(&PhaseTime::name, "inner"), Field(&PhaseTime::name, "outer")));
  const double slept = std::chrono::duration<double>(kSleep).count();
  EXPECT_GE(phases[0].seconds, 2 * slept);
  EXPECT_GE(phases[1].seconds, slept);
  EXPECT_LE(phases[0].seconds + phases[1].seconds, whole);  // nothing is counted twice
}

TEST(PhaseTimer, KeepsOtherThreadsApart) {
  const PhaseTimer timer(at::kCPU);
  std::thread(inner).join();
  EXPECT_TRUE(timer.here().empty());
  EXPECT_THAT(timer.elsewhere(), ElementsAre(Field(&PhaseTime::name, "inner")));
}

TEST(PhaseTimer, BeginsAnewAndOneAtATime) {
  {
    const PhaseTimer timer(at::kCPU);
    inner();
    EXPECT_ANY_THROW(PhaseTimer{at::kCPU});
  }
  inner();
  const PhaseTimer next(at::kCPU);
  EXPECT_TRUE(next.here().empty());
}

}  // namespace
}  // namespace glid
