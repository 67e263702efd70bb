#include "glid/tasks/mask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "glid/core/format.h"
#include "support/golden.h"

namespace glid {
namespace {

constexpr UnitGrid kGrid{6, 6};

Rng rng_of(uint64_t sample) { return {1, 0, sample, RandomOp::kMask}; }

TEST(Mask, EveryStrategyHidesExactlyTheSameNumber) {
  const std::map<double, int64_t> visible{{0.01, 35}, {0.3, 25}, {0.5, 18}, {0.6, 14}, {0.75, 9}, {0.9, 3}, {0.972, 1}};
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

// The sides of the only block of a mask; nothing if it isn't one.
std::pair<int64_t, int64_t> sides_of(const std::vector<int64_t>& units, const UnitGrid& grid) {
  std::set<int64_t> rows, columns;
  for (const int64_t unit : units) rows.insert(unit / grid.width), columns.insert(unit % grid.width);
  if (rows.size() * columns.size() != units.size() || *rows.rbegin() - *rows.begin() + 1 != std::ssize(rows) ||
      *columns.rbegin() - *columns.begin() + 1 != std::ssize(columns))
    return {};
  return {std::ssize(rows), std::ssize(columns)};
}

// A first block of nearly all that is to be hidden leaves room for no second one of its size.
TEST(BlockMask, BlocksHaveTheAreasAndAspectsOfBeit) {
  const UnitGrid grid{40, 40};
  std::set<int64_t> areas;
  double flattest = 1, steepest = 1;
  int64_t at_the_bottom = 0;
  for (uint64_t sample = 0; sample < 3000; ++sample) {
    const std::vector<int64_t> units = draw_blocks(grid, {.hidden = 100, .smallest = 99, .largest = 100}, rng_of(sample));
    const auto [height, width] = sides_of(units, grid);
    if (height == 0) continue;  // what was left was hidden by a second one that overlaps
    areas.insert(height * width);
    const double aspect = static_cast<double>(height) / static_cast<double>(width);
    flattest = std::min(flattest, aspect), steepest = std::max(steepest, aspect);
    at_the_bottom += units.back() / grid.width == grid.height - 1;
  }
  EXPECT_GE(*areas.begin(), 90);  // 99 before the sides are rounded
  EXPECT_EQ(*areas.rbegin(), 100);
  EXPECT_NEAR(flattest, 0.3, 0.06);
  EXPECT_NEAR(steepest, 1 / 0.3, 0.4);
  EXPECT_GT(at_the_bottom, 0);
}

TEST(BlockMask, HidesNoMoreThanItShallAndAtLeastOne) {
  for (const BlockMask& mask : {BlockMask{}, BlockMask{75, 16, 20}, BlockMask{30, 30, {}}, BlockMask{1, 1, {}}})
    for (uint64_t sample = 0; sample < 500; ++sample) {
      const std::vector<int64_t> units = draw_blocks({14, 14}, mask, rng_of(sample));
      ASSERT_TRUE(std::ranges::is_sorted(units));
      ASSERT_EQ(std::ranges::adjacent_find(units), units.end());
      ASSERT_GE(std::ssize(units), 1);
      ASSERT_LE(std::ssize(units), mask.hidden);
      ASSERT_TRUE(units.front() >= 0 && units.back() < 196);
    }
  EXPECT_EQ(draw_blocks({2, 2}, {.hidden = 3, .smallest = 3}, rng_of(0)).size(), 1u);  // no such block fits
}

// Of 20,000 masks of microsoft/unilm's own generator (scripts/parity/beit.py).
TEST(BlockMask, IsAsOftenAsLargeAndAsCompactAsBeits) {
  constexpr uint64_t kMasks = 4000;
  const Json golden = read_golden("beit.json");
  for (const Json& law : golden.at("masks").as_array()) {
    const UnitGrid grid{law.at("grid").as_int(), law.at("grid").as_int()};
    BlockMask mask{law.at("hidden").as_int(), law.at("smallest").as_int(), {}};
    if (!law.at("largest").is_null()) mask.largest = law.at("largest").as_int();
    double sum = 0, squares = 0, neighbours = 0;
    int64_t most = 0;
    for (uint64_t sample = 0; sample < kMasks; ++sample) {
      const std::vector<int64_t> units = draw_blocks(grid, mask, rng_of(sample));
      const auto count = static_cast<double>(units.size());
      sum += count, squares += count * count;
      most = std::max(most, std::ssize(units));
      for (size_t i = 1; i < units.size(); ++i) neighbours += units[i] == units[i - 1] + 1 && units[i] % grid.width > 0;
    }
    const double mean = sum / kMasks, deviation = law.at("count").at("deviation").as_double();
    EXPECT_NEAR(mean, law.at("count").at("mean").as_double(), 5 * deviation / std::sqrt(kMasks));
    EXPECT_NEAR(std::sqrt(squares / kMasks - mean * mean), deviation, 0.1 * deviation);
    EXPECT_EQ(most, law.at("count").at("most").as_int());
    EXPECT_NEAR(neighbours / sum, law.at("neighbours").as_double(), 0.003);
  }
}

TEST(Mask, SeenUnitsAreCountedInDecimalNumbers) {
  EXPECT_EQ(num_visible_units({5, 5}, 0.8), 5) << "25 * (1 - 0.8) is a little less";
  EXPECT_EQ(num_visible_units({5, 5}, 0.75), 6);
}

TEST(Mask, OtherCombinationsAreRefused) {
  EXPECT_EQ(mask_problem(MaskStrategy::kRandom, 0, kGrid), "hides no unit of 6x6");
  for (const MaskStrategy strategy : {MaskStrategy::kRandom, MaskStrategy::kBlock})
    for (const auto& [grid, largest] : {std::pair{kGrid, 0.972}, {UnitGrid{3, 3}, 0.888}, {UnitGrid{2, 1}, 0.5}}) {
      EXPECT_EQ(mask_problem(strategy, largest, grid), "");
      EXPECT_EQ(mask_problem(strategy, 0.99, grid),
                format("leaves no visible unit of {}x{}; the largest that does is {}", grid.height, grid.width, largest));
    }
  EXPECT_NE(mask_problem(MaskStrategy::kGrid, 0.5, kGrid), "");
  EXPECT_NE(mask_problem(MaskStrategy::kGrid, 0.75, {3, 6}), "");
  EXPECT_NE(mask_problem(MaskStrategy::kRandom, 0.75, {1, 1}), "");
  EXPECT_EQ(mask_problem(MaskStrategy::kBlock, 0.6, kGrid), "");
}

}  // namespace
}  // namespace glid
