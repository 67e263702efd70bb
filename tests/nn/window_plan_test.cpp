#include "glid/nn/window_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "glid/core/error.h"

namespace glid {
namespace {

int64_t tokens_in(const std::vector<WindowBucket>& buckets) {
  int64_t count = 0;
  for (const WindowBucket& bucket : buckets)
    count += std::count_if(bucket.rows.begin(), bucket.rows.end(), [](int64_t row) { return row >= 0; });
  return count;
}

TEST(WindowPlan, EveryTokenStandsInExactlyOneWindow) {
  const StageWindows windows{12, 7, 6, 3};
  const SamplePlan plan = plan_sample({6, 5}, {0, 3, 7, 8, 20, 29}, windows);
  for (int stage = 0; stage < kNumStages; ++stage)
    for (const bool shifted : {false, true}) {
      std::set<int64_t> seen;
      for (const WindowBucket& bucket : plan.buckets[stage][shifted])
        for (const int64_t row : bucket.rows)
          if (row >= 0) EXPECT_TRUE(seen.insert(row).second) << "stage " << stage << " row " << row;
      if (!seen.empty()) EXPECT_EQ(std::ssize(seen), plan.num_tokens(stage));
    }
}

TEST(WindowPlan, VisibleAndHiddenUnitsPartitionTheGrid) {
  const SamplePlan plan = plan_sample({3, 3}, {1, 4}, {6, 6, 6, 6});
  EXPECT_THAT(plan.hidden, testing::ElementsAre(0, 2, 3, 5, 6, 7, 8));
  EXPECT_EQ(plan.num_tokens(0), 128);
}

TEST(WindowPlan, AWholeImageOfWholeWindowsIsOneBucketWithSharedCodes) {
  const StageWindows windows{12, 12, 12, 6};
  const SamplePlan sample = plan_whole_image({6, 6}, windows);
  const WindowPlan plan = collate({&sample, 1});
  const ShiftPlan& plain = plan.windows(0, false);
  ASSERT_EQ(plain.buckets.size(), 1u);
  EXPECT_EQ(plain.buckets[0].num_windows, 16);
  EXPECT_EQ(plain.buckets[0].length, 144);
  EXPECT_EQ(plain.buckets[0].num_layouts, 1);
  EXPECT_FALSE(plain.needs_phantom);
}

// Swin-B at 192 px with three quarters hidden: 36 and 9 tokens at stages 2 and 3.
TEST(WindowPlan, AStageThatIsOneWindowKeepsItsLength) {
  const SamplePlan sample = plan_sample({6, 6}, {0, 1, 5, 9, 14, 20, 27, 33, 35}, {12, 12, 12, 6});
  for (const auto& [stage, length] : {std::pair{2, 36}, std::pair{3, 9}}) {
    ASSERT_EQ(sample.buckets[stage][0].size(), 1u);
    EXPECT_EQ(sample.buckets[stage][0][0].length, length);
    EXPECT_TRUE(collate({&sample, 1}).windows(stage, true).buckets[0].filler.empty());
  }
}

TEST(WindowPlan, ShiftedWindowsAreSmallerAtTheBorder) {
  const StageWindows windows{4, 4, 4, 4};
  const SamplePlan sample = plan_whole_image({1, 1}, windows);  // 8 x 8 tokens at stage 0
  std::map<int64_t, int64_t> lengths;
  for (const WindowBucket& bucket : sample.buckets[0][1]) lengths[bucket.length] = std::ssize(bucket.rows) / bucket.length;
  EXPECT_EQ(lengths, (std::map<int64_t, int64_t>{{4, 4}, {8, 4}, {16, 1}}));
}

TEST(WindowPlan, PaddingIsPhantomInWholeImagesAndHiddenUnderAMask) {
  const StageWindows windows{7, 7, 7, 7};
  const SamplePlan whole = plan_whole_image({2, 2}, windows);  // 16 tokens pad to 21
  int64_t phantoms = 0;
  for (const WindowBucket& bucket : whole.buckets[0][0])
    phantoms += std::count(bucket.rows.begin(), bucket.rows.end(), WindowBucket::kPhantomRow);
  EXPECT_EQ(phantoms, 21 * 21 - 16 * 16);
  for (const auto& stage : plan_sample({2, 2}, {0, 3}, windows).buckets)
    for (const auto& buckets : stage)
      for (const WindowBucket& bucket : buckets)
        EXPECT_EQ(std::count(bucket.rows.begin(), bucket.rows.end(), WindowBucket::kPhantomRow), 0);
}

TEST(WindowPlan, CollateKeepsSamplesApart) {
  const StageWindows windows{6, 6, 6, 6};
  const std::vector<SamplePlan> samples{plan_sample({3, 3}, {0, 8}, windows), plan_sample({3, 3}, {4, 5}, windows)};
  const WindowPlan plan = collate(samples);
  EXPECT_EQ(tokens_in(samples[0].buckets[0][0]) + tokens_in(samples[1].buckets[0][0]), 2 * plan.tokens_per_sample(0));
  const ShiftPlan& shift = plan.windows(0, false);
  std::vector<int64_t> rows;
  for (const BatchBucket& bucket : shift.buckets) {
    rows.insert(rows.end(), bucket.rows.begin(), bucket.rows.end());
    for (int64_t w = 0; w < bucket.num_windows; ++w) {
      std::set<int64_t> owners;
      for (int64_t i = 0; i < bucket.length; ++i)
        if (const int64_t row = bucket.rows[w * bucket.length + i]; row < 256) owners.insert(row / 128);
      EXPECT_EQ(owners.size(), 1u);
    }
  }
  for (size_t token = 0; token < shift.inverse.size(); ++token)
    EXPECT_EQ(rows[static_cast<size_t>(shift.inverse[token])], static_cast<int64_t>(token));
}

TEST(WindowPlan, RefusesSizesThatUnitsDontDivide) {
  EXPECT_EQ(unit_grid(192, 96, 32, "x"), (UnitGrid{6, 3}));
  EXPECT_THROW(unit_grid(200, 192, 32, "x"), UsageError);
  EXPECT_THROW(unit_grid(0, 192, 32, "x"), UsageError);
}

}  // namespace
}  // namespace glid
