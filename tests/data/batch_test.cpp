#include "glid/data/batch.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "support/batches.h"

namespace glid {
namespace {

constexpr int64_t kUnit = 8;

NamedPicture picture(int64_t id, int64_t height, int64_t width, int64_t group = 0) {
  PreparedImage prepared{.image = noise_image(height, width, id), .placement = Placement(height, width), .group = group};
  prepared.arrays["ids"] = {{id, 1}, std::vector<int64_t>(static_cast<size_t>(id), id)};
  return {{1, 0, id}, std::to_string(id), std::move(prepared)};
}

std::vector<int64_t> ids_of(const Batch& batch) {
  std::vector<int64_t> ids;
  for (const BatchImage& image : batch.images) ids.push_back(image.key.id);
  return ids;
}

TEST(Batch, LaysPicturesOutInWholeUnitsWithZerosBehind) {
  const Batch batch = make_batch({picture(1, 11, 8), picture(2, 8, 17)}, kUnit, fresh_bytes);
  ASSERT_EQ(batch.units.sizes(), (std::vector<int64_t>{2 + 3, kUnit, kUnit, 3}));
  EXPECT_EQ(batch.images[0].grid, (UnitGrid{2, 1}));
  EXPECT_EQ(batch.images[1].grid, (UnitGrid{1, 3}));
  for (const auto& [first, id, height, width] : {std::tuple{0, 1, 11, 8}, std::tuple{2, 2, 8, 17}}) {
    const Image image = noise_image(height, width, id);
    const UnitGrid grid = batch.images[static_cast<size_t>(id) - 1].grid;
    for (int64_t y = 0; y < grid.height * kUnit; ++y)
      for (int64_t x = 0; x < grid.width * kUnit; ++x) {
        const at::Tensor pixel = batch.units[first + y / kUnit * grid.width + x / kUnit][y % kUnit][x % kUnit];
        const int expected = y < height && x < width ? image.row(y)[3 * x + 1] : 0;
        ASSERT_EQ(pixel[1].item<int>(), expected) << y << " " << x;
      }
  }
}

TEST(Batch, JoinsPicturesThatAreAlikeIntoRuns) {
  std::vector<NamedPicture> pictures{picture(1, 16, 16), picture(2, 16, 16), picture(3, 15, 16), picture(4, 16, 16)};
  pictures[0].prepared.plan = plan_sample({2, 2}, {0}, {6, 6, 6, 6});
  pictures[1].prepared.plan = plan_sample({2, 2}, {3}, {6, 6, 6, 6});
  const Batch batch = make_batch(std::move(pictures), kUnit, fresh_bytes);
  ASSERT_EQ(batch.runs.size(), 3u);
  EXPECT_EQ(batch.runs[0].count, 2);
  EXPECT_TRUE(at::equal(to_tensors(*batch.runs[0].plan, at::kCPU)->visible_units, at::tensor({0, 4 + 3}, at::kLong)));
  EXPECT_EQ(batch.runs[1].plan, nullptr);  // of another size
  EXPECT_EQ(batch.runs[2].count, 1);
}

TEST(Batch, PutsAGroupTogetherAndKeepsItsOrder) {
  const Batch batch =
      make_batch({picture(5, 8, 8, 1), picture(1, 8, 8, 0), picture(4, 8, 8, 1), picture(2, 8, 8, 3)}, kUnit, fresh_bytes);
  EXPECT_EQ(ids_of(batch), (std::vector<int64_t>{1, 5, 4, 2}));
  EXPECT_EQ(batch.range_of(1).first, 1);
  EXPECT_EQ(batch.range_of(1).count, 2);
  EXPECT_EQ(batch.range_of(2).count, 0);
  EXPECT_EQ(batch.range_of(2).first, 3);
}

TEST(Batch, JoinsArraysOfAnyLengths) {
  const Batch batch = make_batch({picture(2, 8, 8), picture(0, 8, 8), picture(1, 8, 8)}, kUnit, fresh_bytes);
  const BatchArray& array = batch.arrays.at("ids");
  EXPECT_EQ(array.lengths, (std::vector<int64_t>{2, 0, 1}));
  EXPECT_TRUE(at::equal(array.values, at::tensor({2, 2, 1}, at::kLong).view({3, 1})));
  std::vector<NamedPicture> pictures{picture(1, 8, 8), picture(2, 8, 8), picture(1, 8, 8)};
  pictures[1].prepared.arrays.clear();  // another task's picture
  EXPECT_EQ(make_batch(std::move(pictures), kUnit, fresh_bytes).arrays.at("ids").lengths, (std::vector<int64_t>{1, 0, 1}));
}

}  // namespace
}  // namespace glid
