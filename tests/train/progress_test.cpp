#include "glid/train/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace glid {
namespace {

// 10 steps of a second and a validation of 20: what remains has validations too.
TEST(Progress, RemainingTimeIsThatOfTheRunAndNotOfAnInterval) {
  EXPECT_DOUBLE_EQ(remaining_s(30, 10, 90), 270);
  EXPECT_DOUBLE_EQ(remaining_s(30, 10, 0), 0);
  EXPECT_DOUBLE_EQ(remaining_s(0, 0, 5), 0);
}

TEST(Progress, ALineComesSoonWithoutATerminal) {
  testing::internal::CaptureStderr();
  Progress soon(1000, 4, 0), late(1000, 4, 3600);
  for (int64_t step = 1; step <= 3; ++step)
    for (Progress* progress : {&soon, &late}) {
      progress->begin_step(0);
      progress->end_step(0);
      progress->show(step);
    }
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, testing::HasSubstr("step 1/1000 made, losses follow as log.every_steps says; ETA "));
  EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
}

TEST(Progress, DurationsAreInDaysWhereTheyAreDays) {
  EXPECT_EQ(duration_text(3723), "1:02:03");
  EXPECT_EQ(duration_text(86399), "23:59:59");
  EXPECT_EQ(duration_text(86400), "1 d 00 h");
  EXPECT_EQ(duration_text(2 * 86400 + 3 * 3600 + 59), "2 d 03 h");
  EXPECT_EQ(duration_text(-1), "0:00:00");
}

}  // namespace
}  // namespace glid
