#include "glid/data/epoch_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "glid/core/error.h"

namespace glid {
namespace {

// The ids of one step, ranks outside, micro-batches inside.
std::vector<int64_t> ids_of_step(int64_t size, int64_t global_batch, int64_t ranks, int64_t micros, int64_t step) {
  std::vector<int64_t> ids;
  for (int64_t rank = 0; rank < ranks; ++rank) {
    const TrainingPlan plan(size, 7, {global_batch, micros, rank, ranks});
    EXPECT_EQ(plan.micro_batches(), micros);
    for (int64_t micro = 0; micro < micros; ++micro) {
      for (const Place& place : plan.places(step, micro)) ids.push_back(plan.key(place, 0)->id);
    }
  }
  return ids;
}

TEST(EpochPermutation, HoldsEveryIdOnceInAnOrderOfItsOwn) {
  auto first = epoch_permutation(1000, 1, 0), second = epoch_permutation(1000, 1, 1);
  EXPECT_EQ(first, epoch_permutation(1000, 1, 0));
  EXPECT_NE(first, second);
  EXPECT_NE(first, epoch_permutation(1000, 2, 0));
  std::sort(first.begin(), first.end());
  std::sort(second.begin(), second.end());
  for (int64_t i = 0; i < 1000; ++i) ASSERT_EQ(first[static_cast<size_t>(i)], i);
  EXPECT_EQ(first, second);
}

TEST(EpochPermutation, EveryOrderOfThreeComesEquallyOften) {
  std::map<std::vector<int64_t>, int> counts;
  for (int epoch = 0; epoch < 6000; ++epoch) ++counts[epoch_permutation(3, 1, epoch)];
  ASSERT_EQ(counts.size(), 6u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, 1000, 130);  // 4.5 standard deviations
}

TEST(TrainingPlan, AnEpochIsAPermutationCutIntoWholeBatches) {
  const TrainingPlan plan(35, 7, {8, 1, 0, 1});
  EXPECT_EQ(plan.steps_per_epoch(), 4);
  EXPECT_EQ(plan.first_place(3), (Place{0, 24}));
  EXPECT_EQ(plan.first_place(4), (Place{1, 0}));
  EXPECT_EQ(plan.first_place(4'000'001), (Place{1'000'000, 8}));
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    for (int64_t step = 0; step < 4; ++step) {
      for (const int64_t id : ids_of_step(35, 8, 1, 1, epoch * 4 + step)) seen.insert(id);
    }
    EXPECT_EQ(seen.size(), 32u);
  }
}

TEST(TrainingPlan, RanksAndMicroBatchesDivideTheSameList) {
  for (const int64_t step : {0, 3, 4, 9}) {
    const auto whole = ids_of_step(35, 8, 1, 1, step);
    EXPECT_EQ(whole, ids_of_step(35, 8, 2, 1, step));
    EXPECT_EQ(whole, ids_of_step(35, 8, 1, 2, step));
    EXPECT_EQ(whole, ids_of_step(35, 8, 2, 2, step));
    EXPECT_EQ(whole, ids_of_step(35, 8, 8, 1, step));
  }
}

TEST(TrainingPlan, ASubstituteIsTheNextOfThePermutation) {
  const TrainingPlan plan(10, 7, {4, 1, 0, 1}), other_rank(10, 7, {4, 1, 1, 2});
  const auto order = epoch_permutation(10, 7, 2);
  for (int64_t position = 0; position < 8; ++position) {
    for (int64_t attempt = 0; attempt < 10; ++attempt) {
      const SampleKey expected{7, 2, order[static_cast<size_t>((position + attempt) % 10)]};
      ASSERT_EQ(plan.key({2, position}, attempt), expected);
      ASSERT_EQ(other_rank.key({2, position}, attempt), expected);
    }
  }
  EXPECT_THROW(plan.key({2, 0}, 10), DataError);
}

TEST(TrainingPlan, RefusesWhatDoesNotDivideOrSuffice) {
  EXPECT_THROW(TrainingPlan(100, 0, {8, 3, 0, 1}), UsageError);
  EXPECT_THROW(TrainingPlan(100, 0, {8, 2, 0, 8}), UsageError);
  EXPECT_THROW(TrainingPlan(7, 0, {8, 1, 0, 1}), DataError);
  EXPECT_NO_THROW(TrainingPlan(8, 0, {8, 1, 0, 1}));
}

TEST(ValidationPlan, EverySampleOnceOverAllRanks) {
  for (const int64_t ranks : {1, 3, 8}) {
    std::vector<int64_t> ids;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      const ValidationPlan plan(23, 7, {1.0, 4, rank, ranks});
      int64_t count = 0;
      for (int64_t step = 0; !plan.places(step, 0).empty(); ++step) {
        for (const Place& place : plan.places(step, 0)) {
          const auto key = plan.key(place, 0);
          EXPECT_EQ(key->epoch, 0);
          ids.push_back(key->id);
          ++count;
        }
      }
      EXPECT_EQ(count, plan.num_samples());
    }
    ASSERT_EQ(ids.size(), 23u);
    for (int64_t i = 0; i < 23; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], i);
  }
}

TEST(ValidationPlan, BatchesAreTheSameForAnyNumberOfRanks) {
  const auto batches = [](int64_t ranks) {
    std::vector<std::vector<int64_t>> all;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      const ValidationPlan plan(23, 7, {1.0, 4, rank, ranks});
      for (int64_t step = 0; !plan.places(step, 0).empty(); ++step) {
        all.emplace_back();
        for (const Place& place : plan.places(step, 0)) all.back().push_back(plan.key(place, 0)->id);
      }
    }
    return all;
  };
  ASSERT_EQ(batches(1).size(), 6u);
  for (const int64_t ranks : {2, 3, 5, 9}) EXPECT_EQ(batches(ranks), batches(1)) << ranks;
}

TEST(ValidationPlan, AFractionIsSpreadEvenly) {
  const ValidationPlan plan(100, 7, {0.1, 100, 0, 1});
  const auto places = plan.places(0, 0);
  ASSERT_EQ(places.size(), 10u);
  for (size_t j = 0; j < 10; ++j) EXPECT_EQ(plan.key(places[j], 0)->id, static_cast<int64_t>(10 * j));
  EXPECT_EQ(plan.key(places[0], 1), std::nullopt);
  EXPECT_EQ(ValidationPlan(100, 7, {1e-6, 4, 0, 1}).num_samples(), 1);
  EXPECT_THROW(ValidationPlan(100, 7, {0.0, 4, 0, 1}), UsageError);
  EXPECT_THROW(ValidationPlan(100, 7, {1.5, 4, 0, 1}), UsageError);
}

// Whatever ranks and micro-batches: a place knows its step and where it stands in the global batch.
TEST(TrainingPlan, APlaceKnowsItsPositionInTheGlobalBatch) {
  for (const int64_t step : {0, 1, 4}) {
    int64_t position = 0;
    for (int64_t rank = 0; rank < 2; ++rank) {
      const TrainingPlan plan(20, 3, {.global_batch = 8, .micro_batches = 2, .rank = rank, .world_size = 2});
      for (int64_t micro = 0; micro < 2; ++micro)
        for (const Place& place : plan.places(step, micro)) {
          EXPECT_EQ(plan.in_batch(place), (BatchPosition{step, position}));
          ++position;
        }
    }
    EXPECT_EQ(position, 8);
  }
}

}  // namespace
}  // namespace glid
