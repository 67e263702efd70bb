#include "glid/train/floor_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"

namespace glid {
namespace {

using testing::HasSubstr;

constexpr int64_t kWarmup = 10;
const std::vector<Diagnostic> kDiagnostics{{"spread", {}, 1, 0.5, "all alike"}, {"sharpness", {}, 1, 2, "all blurred"}};

class FloorWatchTest : public testing::Test {
 protected:
  // What was said and thrown at a logged line.
  std::string said(FloorWatch& watch, int64_t step, double spread, double sharpness) {
    testing::internal::CaptureStderr();
    std::string error;
    try {
      watch.check(step, kDiagnostics, {{"spread", spread}, {"sharpness", sharpness}});
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), ExitCode::kNumerical);
      error = e.what();
    }
    return testing::internal::GetCapturedStderr() + error;
  }
};

TEST_F(FloorWatchTest, WarnsOfEachDiagnosticOnceWhenItFalls) {
  FloorWatch watch(kWarmup, std::nullopt);
  EXPECT_EQ(said(watch, kWarmup, 0, 0), "");  // still warming up
  EXPECT_THAT(said(watch, 11, 0.1, 3), HasSubstr("spread is 0.1000: all alike"));
  EXPECT_THAT(said(watch, 12, 0.1, 1), HasSubstr("sharpness is 1.0000"));  // a low spread doesn't hide it
  EXPECT_EQ(said(watch, 13, 0.1, 1), "");
  EXPECT_EQ(said(watch, 14, 0.6, 1), "");
  EXPECT_THAT(said(watch, 15, 0.1, 1), HasSubstr("spread"));
}

TEST_F(FloorWatchTest, EndsTheRunAfterSoManyLinesInARowOfOneDiagnostic) {
  FloorWatch watch(kWarmup, 2);
  EXPECT_THAT(said(watch, 11, 0.1, 3), HasSubstr("spread"));
  EXPECT_THAT(said(watch, 12, 0.6, 1), HasSubstr("sharpness"));
  EXPECT_THAT(said(watch, 13, 0.6, 1.5), HasSubstr("sharpness was under 2 in 2 logged lines in a row: all blurred"));
}

}  // namespace
}  // namespace glid
