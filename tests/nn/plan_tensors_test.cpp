#include "glid/nn/plan_tensors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace glid {
namespace {

std::vector<int64_t> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kLong).contiguous().view(-1);
  return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

// Two images of 3 x 3 units, of which 2 are seen; windows of 7 don't divide the grids.
WindowPlan masked_plan() {
  const StageWindows windows{7, 7, 7, 7};
  const std::vector<SamplePlan> samples{plan_sample({3, 3}, {0, 4}, windows), plan_sample({3, 3}, {2, 7}, windows)};
  return collate(samples);
}

void expect_windows(const ShiftPlan& shift, const WindowTensors& tensors) {
  std::vector<int64_t> rows;
  ASSERT_EQ(tensors.buckets.size(), shift.buckets.size());
  for (size_t i = 0; i < shift.buckets.size(); ++i) {
    const BatchBucket& bucket = shift.buckets[i];
    const WindowBucketTensors& own = tensors.buckets[i];
    rows.insert(rows.end(), bucket.rows.begin(), bucket.rows.end());
    EXPECT_EQ(own.num_windows, bucket.num_windows);
    EXPECT_EQ(own.bias_index.sizes(), (std::vector<int64_t>{bucket.num_layouts, bucket.length, bucket.length}));
    const int64_t centre = (shift.window - 1) * 2 * shift.window;
    EXPECT_EQ(own.bias_index[0][1][0].item<int64_t>(), bucket.codes[1] - bucket.codes[0] + centre);
    ASSERT_EQ(own.key_mask.defined(), !bucket.filler.empty());
    if (own.key_mask.defined())
      EXPECT_EQ(numbers(own.key_mask.lt(0)), std::vector<int64_t>(bucket.filler.begin(), bucket.filler.end()));
  }
  EXPECT_EQ(numbers(tensors.map.rows), rows);
  EXPECT_EQ(numbers(tensors.map.inverse), shift.inverse);
  const int64_t num_tokens = std::ssize(shift.inverse);
  EXPECT_EQ(tensors.map.empty.defined(), std::ranges::count(rows, num_tokens) > 0);
  if (tensors.map.empty.defined())
    for (const int64_t place : numbers(tensors.map.empty)) EXPECT_EQ(rows[static_cast<size_t>(place)], num_tokens);
}

TEST(PlanTensors, APackedPlanIsThePlan) {
  const WindowPlan plan = masked_plan();
  const PackedPlan packed = pack(plan, [](int64_t bytes) { return at::empty({bytes}, at::kByte); });
  EXPECT_EQ(packed.num_hidden(), 7);
  const auto tensors = to_tensors(packed, at::kCPU);
  EXPECT_EQ(numbers(tensors->visible_units), (std::vector<int64_t>{0, 4, 9 + 2, 9 + 7}));
  EXPECT_EQ(numbers(tensors->hidden_cells), plan.hidden);
  for (int stage = 0; stage < kNumStages; ++stage)
    for (const bool shifted : {false, true}) {
      SCOPED_TRACE(testing::Message() << "stage " << stage << (shifted ? " shifted" : ""));
      expect_windows(plan.shifts[stage][shifted], tensors->shifts[stage][shifted]);
    }
}

TEST(PlanTensors, EveryTokenHasItsCell) {
  const auto tensors = to_tensors(masked_plan(), at::kCPU);
  const RowMap& image = tensors->images[2];  // units of 2 x 2 tokens, maps of 6 x 6 cells
  EXPECT_EQ(numbers(tensors->cells[2][0]), (std::vector<int64_t>{0, 1, 6, 7, 14, 15, 20, 21}));
  EXPECT_EQ(numbers(image.inverse.narrow(0, 8, 2)), (std::vector<int64_t>{36 + 4, 36 + 5}));
  EXPECT_TRUE(image.has_fill());
  EXPECT_EQ(image.rows[14].item<int64_t>(), 4);
  EXPECT_EQ(image.rows[2].item<int64_t>(), 16);  // hidden
}

}  // namespace
}  // namespace glid
