#include "glid/train/nonfinite_guard.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::vector<Batch> batches_of(int64_t id) {
  Batch batch;
  batch.images.push_back({{1, 0, id}, "image " + std::to_string(id), {1, 1}, 0, Placement(8, 8), {}, nullptr});
  return {batch};
}

class NonfiniteGuardTest : public testing::Test {
 protected:
  void watch(int64_t step, bool failed) { watch(step, failed, failed); }
  void watch(int64_t step, bool failed, bool lost) {
    const auto flag = [](bool set) { return at::full({}, set ? 1.0F : 0.0F); };
    guard_.watch(step, flag(failed), flag(lost), batches_of(100 + step));
  }
  fs::path dump(int64_t step) const { return dir_.path() / "nonfinite" / format("step_{:08}_rank_1.json", step); }

  TemporaryFolder dir_;
  NonfiniteGuard guard_{dir_.path(), 3, 1};
};

TEST_F(NonfiniteGuardTest, LooksOneStepLateAndNamesTheSamplesOfTheStepThatFailed) {
  watch(1, false);
  watch(2, true);
  EXPECT_EQ(guard_.counts().skipped, 0);  // not looked at yet
  watch(3, false);
  EXPECT_EQ(guard_.counts().skipped, 1);
  EXPECT_EQ(guard_.counts().in_a_row, 1);
  ASSERT_TRUE(fs::exists(dump(2)));
  const Json samples = Json::parse(read_file(dump(2)), "dump");
  EXPECT_EQ(samples.as_array().at(0).at("id").as_int(), 102);
  EXPECT_EQ(samples.as_array().at(0).at("name").as_string(), "image 102");
  guard_.settle();
  EXPECT_EQ(guard_.counts().in_a_row, 0);
  EXPECT_FALSE(fs::exists(dump(1)) || fs::exists(dump(3)));
}

// Other ranks don't know of it: it must not count.
TEST_F(NonfiniteGuardTest, NamesTheSamplesOfALossThatOnlyThisRankLost) {
  for (int64_t step = 1; step <= 5; ++step) watch(step, false, true);
  guard_.settle();
  EXPECT_EQ(guard_.counts().skipped, 0);
  EXPECT_TRUE(fs::exists(dump(1)) && fs::exists(dump(5)));
}

TEST_F(NonfiniteGuardTest, SettlingLooksAtTheLastUpdateOnce) {
  watch(1, true);
  guard_.settle();
  guard_.settle();
  EXPECT_EQ(guard_.counts().skipped, 1);
}

TEST_F(NonfiniteGuardTest, EndsTheRunAfterSoManyInARow) {
  watch(1, true);
  watch(2, true);
  watch(3, true);
  try {
    guard_.settle();
    FAIL() << "nothing thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kNumerical);
  }
  for (const int64_t step : {1, 2, 3}) EXPECT_TRUE(fs::exists(dump(step))) << step;
}

}  // namespace
}  // namespace glid
