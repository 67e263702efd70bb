#include "glid/tasks/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace glid {
namespace {

constexpr UnitGrid kGrid{6, 6};

Rng rng_of(uint64_t sample) { return {1, 0, sample, RandomOp::kMask}; }

TEST(Mask, EveryStrategyHidesExactlyTheSameNumber) {
  const std::map<double, int64_t> visible{{0.5, 18}, {0.6, 14}, {0.75, 9}};
  for (const auto& [ratio, count] : visible)
    for (const MaskStrategy strategy : {MaskStrategy::kRandom, MaskStrategy::kBlock, MaskStrategy::kGrid})
      for (uint64_t sample = 0; sample < 50; ++sample) {
        if (!mask_problem(strategy, ratio, kGrid).empty()) continue;
        const std::vector<int64_t> units = draw_visible(kGrid, strategy, ratio, rng_of(sample));
        ASSERT_EQ(std::ssize(units), count);
        ASSERT_TRUE(std::is_sorted(units.begin(), units.end()));
        ASSERT_EQ(std::adjacent_find(units.begin(), units.end()), units.end());
        ASSERT_TRUE(units.front() >= 0 && units.back() < 36);
      }
}

TEST(Mask, RandomShowsEveryUnitAboutEquallyOften) {
  std::vector<int> shown(36);
  for (uint64_t sample = 0; sample < 4000; ++sample)
    for (const int64_t unit : draw_visible(kGrid, MaskStrategy::kRandom, 0.75, rng_of(sample)))
      ++shown[static_cast<size_t>(unit)];
  for (const int count : shown) EXPECT_NEAR(count, 1000, 150);
}

int64_t hidden_neighbours(MaskStrategy strategy) {
  int64_t pairs = 0;
  for (uint64_t sample = 0; sample < 200; ++sample) {
    std::vector<bool> hidden(36, true);
    for (const int64_t unit : draw_visible(kGrid, strategy, 0.5, rng_of(sample))) hidden[static_cast<size_t>(unit)] = false;
    for (size_t i = 0; i < 36; ++i) pairs += i % 6 < 5 && hidden[i] && hidden[i + 1];
  }
  return pairs;
}

TEST(Mask, BlocksHideNeighboursTogether) {
  EXPECT_GT(static_cast<double>(hidden_neighbours(MaskStrategy::kBlock)),
            1.2 * static_cast<double>(hidden_neighbours(MaskStrategy::kRandom)));
}

TEST(Mask, GridShowsTheFirstOfEveryFour) {
  EXPECT_THAT(draw_visible({4, 4}, MaskStrategy::kGrid, 0.75, rng_of(0)), testing::ElementsAre(0, 2, 8, 10));
}

TEST(Mask, IsAFunctionOfItsKey) {
  EXPECT_EQ(draw_visible(kGrid, MaskStrategy::kBlock, 0.6, rng_of(5)),
            draw_visible(kGrid, MaskStrategy::kBlock, 0.6, rng_of(5)));
  EXPECT_NE(draw_visible(kGrid, MaskStrategy::kRandom, 0.6, rng_of(5)),
            draw_visible(kGrid, MaskStrategy::kRandom, 0.6, rng_of(6)));
}

TEST(Mask, OtherCombinationsAreRefused) {
  for (const double ratio : {0.0, 0.3, 0.9, 1.0}) EXPECT_NE(mask_problem(MaskStrategy::kRandom, ratio, kGrid), "") << ratio;
  EXPECT_NE(mask_problem(MaskStrategy::kGrid, 0.5, kGrid), "");
  EXPECT_NE(mask_problem(MaskStrategy::kGrid, 0.75, {3, 6}), "");
  EXPECT_NE(mask_problem(MaskStrategy::kRandom, 0.75, {1, 1}), "");
  EXPECT_EQ(mask_problem(MaskStrategy::kBlock, 0.6, kGrid), "");
}

}  // namespace
}  // namespace glid
