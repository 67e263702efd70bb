#include "glid/core/pace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "glid/core/progress_bar.h"

namespace glid {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

TEST(Pace, IsALineNowAndThenWithoutATerminal) {
  testing::internal::CaptureStderr();
  Pace often("photos", 4, "person", milliseconds(0)), seldom("others", 4, "image", hours(1));
  for (const int64_t done : {1, 3}) often.show(done), seldom.show(done);
  often.end(4);
  const std::string lines = testing::internal::GetCapturedStderr();
  EXPECT_THAT(lines, testing::AllOf(HasSubstr("photos: 1 of 4, "), HasSubstr("photos: 3 of 4, ")));
  EXPECT_THAT(lines, testing::AllOf(HasSubstr("photos: 4 persons in "), HasSubstr(" persons/s"), Not(HasSubstr("others"))));
}

TEST(Pace, MayBeShownByManyThreads) {
  testing::internal::CaptureStderr();
  Pace pace("photos", 40, "image", milliseconds(0));
  std::vector<std::jthread> threads;
  for (int64_t t = 0; t < 4; ++t)
    threads.emplace_back([&pace, t] {
      for (int64_t i = 0; i < 10; ++i) pace.show(10 * t + i);
    });
  threads.clear();
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("photos: 39 of 40, "));
}

TEST(ProgressBar, IsFullAtItsEndAndNoFuller) {
  EXPECT_EQ(progress_bar(0, 4), "[" + std::string(30, ' ') + "] 0/4");
  EXPECT_EQ(progress_bar(1, 2), "[" + std::string(15, '#') + std::string(15, ' ') + "] 1/2");
  EXPECT_EQ(progress_bar(2, 1), "[" + std::string(30, '#') + "] 2/1");
}

}  // namespace
}  // namespace glid
