#include "glid/core/background_jobs.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <thread>

namespace glid {
namespace {

TEST(BackgroundJobs, DoesAllThatItIsGiven) {
  std::atomic<int> sum = 0;
  BackgroundJobs background(3, 2);
  for (int i = 1; i <= 100; ++i) background.add([&sum, i] { sum += i; });
  background.finish();
  EXPECT_EQ(sum, 5050);
  background.add([&sum] { sum = 7; });
  background.finish();
  EXPECT_EQ(sum, 7);
}

TEST(BackgroundJobs, NoMoreJobsWaitThanMay) {
  std::atomic<int> begun = 0;
  std::atomic<bool> may_end = false;
  BackgroundJobs background(1, 2);
  std::thread adding([&] {
    for (int i = 0; i < 4; ++i)
      background.add([&] {
        ++begun;
        while (!may_end) std::this_thread::yield();
      });
    may_end = true;  // never, if the fourth had to wait for room
  });
  while (begun < 1) std::this_thread::yield();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(may_end);
  may_end = true;
  adding.join();
  background.finish();
  EXPECT_EQ(begun, 4);
}

TEST(BackgroundJobs, ThrowsWhatAJobThrew) {
  BackgroundJobs background(2, 1);
  background.add([] { throw std::runtime_error("full"); });
  EXPECT_THROW(background.finish(), std::runtime_error);
  EXPECT_THROW(background.add([] {}), std::runtime_error);
}

}  // namespace
}  // namespace glid
