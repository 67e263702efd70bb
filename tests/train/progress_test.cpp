#include "glid/train/progress.h"

#include <gtest/gtest.h>

namespace glid {
namespace {

// 10 steps of a second and a validation of 20: what remains has validations too.
TEST(Progress, RemainingTimeIsThatOfTheRunAndNotOfAnInterval) {
  EXPECT_DOUBLE_EQ(remaining_s(30, 10, 90), 270);
  EXPECT_DOUBLE_EQ(remaining_s(30, 10, 0), 0);
  EXPECT_DOUBLE_EQ(remaining_s(0, 0, 5), 0);
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
