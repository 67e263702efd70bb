#include "glid/data/epoch_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "glid/core/error.h"
#include "glid/data/epoch_plan.h"

namespace glid {
namespace {

std::vector<int64_t> order_of(const EpochOrder& order, int64_t size, int64_t epoch) {
  std::vector<int64_t> ids;
  for (int64_t position = 0; position < size; ++position) ids.push_back(order.id(epoch, position));
  return ids;
}

bool is_permutation(std::vector<int64_t> ids) {
  std::ranges::sort(ids);
  for (size_t i = 0; i < ids.size(); ++i)
    if (ids[i] != static_cast<int64_t>(i)) return false;
  return true;
}

// 23 blocks of 0 to 12 samples.
Blocks uneven_blocks(int64_t window) {
  Blocks blocks{.window = window};
  int64_t end = 0;
  for (int64_t i = 0; i < 23; ++i) blocks.ends.push_back(end += i * i % 13);
  return blocks;
}

// scripts/parity/make_order_golden.py. A run goes on by these: they never change.
TEST(EpochOrder, IsWhatItsWordsSay) {
  using testing::ElementsAre;
  EXPECT_THAT(order_of(*make_epoch_order(12, 5, {}), 12, 2), ElementsAre(2, 4, 7, 6, 8, 0, 1, 3, 10, 11, 9, 5));
  EXPECT_THAT(order_of(*make_epoch_order(12, (uint64_t{1} << 40) + 5, {}), 12, 0),
              ElementsAre(1, 9, 3, 4, 10, 2, 5, 7, 11, 8, 0, 6));
  EXPECT_THAT(order_of(*make_epoch_order(17, 5, {.ends = {3, 3, 8, 10, 17}, .window = 2}), 17, 2),
              ElementsAre(6, 0, 5, 3, 7, 4, 1, 2, 12, 10, 14, 15, 16, 11, 13, 9, 8));
}

TEST(Mixer, IsAPermutationOfAnySize) {
  for (int64_t size = 1; size < 300; ++size) {
    const Mixer mixer(size, {3, 4});
    std::vector<int64_t> mixed;
    for (int64_t i = 0; i < size; ++i) mixed.push_back(mixer(i));
    ASSERT_TRUE(is_permutation(mixed)) << size;
  }
  const Mixer large(int64_t{1} << 40, {3, 4});
  std::set<int64_t> seen;
  for (int64_t i = 0; i < 1000; ++i) seen.insert(large((int64_t{1} << 40) - 1 - i));
  EXPECT_EQ(seen.size(), 1000u);
  EXPECT_GT(*seen.rbegin(), int64_t{1} << 39);
}

TEST(Mixer, EveryOrderOfThreeComesEquallyOften) {
  std::map<std::vector<int64_t>, int> counts;
  for (uint32_t key = 0; key < 6000; ++key) {
    const Mixer mixer(3, {key, 1});
    ++counts[{mixer(0), mixer(1), mixer(2)}];
  }
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 130);  // 4.5 standard deviations
}

// Where an id lands says nothing of where its neighbour does: each of ten tenths gets a tenth of every tenth.
TEST(Mixer, SpreadsNeighbours) {
  constexpr int64_t kSize = 100'000;
  const Mixer mixer(kSize, {7, 8});
  std::vector<int> counts(100);
  int64_t ascending = 0;
  for (int64_t i = 0; i < kSize; ++i) ++counts[static_cast<size_t>(i / 10'000 * 10 + mixer(i) / 10'000)];
  for (int64_t i = 1; i < kSize; ++i) ascending += mixer(i) > mixer(i - 1);
  for (const int count : counts) EXPECT_NEAR(count, 1000, 140);
  EXPECT_NEAR(static_cast<double>(ascending), kSize / 2, 500);
}

TEST(EpochOrder, WithoutBlocksIsFisherYates) {
  const auto order = make_epoch_order(1000, 5, {});
  for (const int64_t epoch : {0, 7, 1, 0}) EXPECT_EQ(order_of(*order, 1000, epoch), epoch_permutation(1000, 5, epoch));
  EXPECT_THROW(make_epoch_order(int64_t{1} << 33, 5, {}), DataError);
}

TEST(EpochOrder, OfBlocksIsAPermutationOfItsOwnInEachEpoch) {
  for (const int64_t window : {1, 3, 23, 100}) {
    const Blocks blocks = uneven_blocks(window);
    const int64_t size = blocks.ends.back();
    const auto order = make_epoch_order(size, 5, blocks), same = make_epoch_order(size, 5, blocks);
    const auto other = make_epoch_order(size, 6, blocks);
    std::set<std::vector<int64_t>> seen;
    for (const int64_t epoch : {0, 1, 2}) {
      const auto ids = order_of(*order, size, epoch);
      EXPECT_TRUE(is_permutation(ids)) << window;
      EXPECT_EQ(ids, order_of(*same, size, epoch));
      seen.insert(ids);
      seen.insert(order_of(*other, size, epoch));
    }
    EXPECT_EQ(seen.size(), 6u) << window;
    EXPECT_EQ(order->id(2, size - 1), order_of(*same, size, 2).back());  // in any order of asking
  }
}

// What makes it fast: a window's samples are of `window` blocks, whose others are not far.
TEST(EpochOrder, OnlyTheBlocksOfAWindowAreReadAtATime) {
  Blocks blocks{.window = 4};
  for (int64_t i = 1; i <= 40; ++i) blocks.ends.push_back(25 * i);
  const auto order = make_epoch_order(1000, 5, blocks);
  std::set<int64_t> all;
  bool is_mixed = false;
  for (int64_t window = 0; window < 10; ++window) {
    std::set<int64_t> opened;
    std::vector<int64_t> of_window;
    for (int64_t i = 0; i < 100; ++i) of_window.push_back(order->id(3, 100 * window + i) / 25);
    opened.insert(of_window.begin(), of_window.end());
    EXPECT_EQ(opened.size(), 4u);
    all.merge(opened);
    is_mixed = is_mixed || std::set<int64_t>(of_window.begin(), of_window.begin() + 25).size() == 4;
  }
  EXPECT_EQ(all.size(), 40u);
  EXPECT_TRUE(is_mixed);
}

std::vector<int64_t> ids_of_step(int64_t ranks, int64_t micros, int64_t step) {
  const Blocks blocks = uneven_blocks(3);
  std::vector<int64_t> ids;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    const TrainingPlan plan(blocks.ends.back(), 7, {8, micros, rank, ranks}, blocks);
    for (int64_t micro = 0; micro < micros; ++micro)
      for (const Place& place : plan.places(step, micro)) ids.push_back(plan.key(place, 0)->id);
  }
  return ids;
}

// The law of all data sets: a plan made at any step by any number of ranks reads the same.
TEST(EpochOrder, OfBlocksIsDividedByRanksAsAnyOther) {
  for (const int64_t step : {0, 5, 14, 15, 31}) {
    const auto whole = ids_of_step(1, 1, step);
    EXPECT_EQ(std::set<int64_t>(whole.begin(), whole.end()).size(), 8u);
    EXPECT_EQ(whole, ids_of_step(2, 1, step));
    EXPECT_EQ(whole, ids_of_step(1, 4, step));
    EXPECT_EQ(whole, ids_of_step(4, 2, step));
  }
}

}  // namespace
}  // namespace glid
