#include "glid/geometry/assignment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

#include "glid/core/rng.h"

namespace glid {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Assignment assign(const std::vector<double>& costs, int64_t num_rows, int64_t num_columns) {
  return glid::assign(std::span<const double>(costs), num_rows, num_columns);
}

double cost_of(const Assignment& pairs, const std::vector<double>& costs, int64_t num_columns) {
  double sum = 0;
  for (size_t i = 0; i < pairs.rows.size(); ++i)
    sum += costs[static_cast<size_t>(pairs.rows[i] * num_columns + pairs.columns[i])];
  return sum;
}

// The smallest cost over all permutations of the longer side.
double least_cost(const std::vector<double>& costs, int64_t num_rows, int64_t num_columns) {
  const bool is_tall = num_rows > num_columns;
  std::vector<int64_t> order(static_cast<size_t>(std::max(num_rows, num_columns)));
  std::iota(order.begin(), order.end(), int64_t{0});
  double least = std::numeric_limits<double>::infinity();
  do {
    double sum = 0;
    for (int64_t i = 0; i < std::min(num_rows, num_columns); ++i) {
      const int64_t other = order[static_cast<size_t>(i)];
      sum += costs[static_cast<size_t>(is_tall ? other * num_columns + i : i * num_columns + other)];
    }
    least = std::min(least, sum);
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

void expect_one_to_one(const Assignment& pairs, int64_t num_rows, int64_t num_columns) {
  ASSERT_EQ(pairs.rows.size(), static_cast<size_t>(std::min(num_rows, num_columns)));
  ASSERT_EQ(pairs.columns.size(), pairs.rows.size());
  EXPECT_TRUE(std::is_sorted(pairs.rows.begin(), pairs.rows.end(), std::less_equal<>()));
  std::vector<int64_t> columns = pairs.columns;
  std::sort(columns.begin(), columns.end());
  EXPECT_EQ(std::unique(columns.begin(), columns.end()), columns.end());
}

TEST(Assign, ByHand) {
  const Assignment pairs = assign({4, 1, 3, 2, 0, 5, 3, 2, 2}, 3, 3);
  EXPECT_THAT(pairs.rows, ElementsAre(0, 1, 2));
  EXPECT_THAT(pairs.columns, ElementsAre(1, 0, 2));
}

TEST(Assign, WideAndTallAgree) {
  const Assignment wide = assign({9, 2, 7, 1, 9, 9}, 2, 3);
  EXPECT_THAT(wide.rows, ElementsAre(0, 1));
  EXPECT_THAT(wide.columns, ElementsAre(1, 0));
  const Assignment tall = assign({9, 1, 2, 9, 7, 9}, 3, 2);
  EXPECT_THAT(tall.rows, ElementsAre(0, 1));
  EXPECT_THAT(tall.columns, ElementsAre(1, 0));
}

TEST(Assign, EqualCostsGiveTheIdentity) {
  const Assignment pairs = assign(std::vector<double>(12, 1.5), 3, 4);
  EXPECT_THAT(pairs.columns, ElementsAre(0, 1, 2));
}

TEST(Assign, EmptyMatrices) {
  for (const auto& [num_rows, num_columns] : {std::pair{0, 0}, {0, 5}, {5, 0}}) {
    const Assignment pairs = assign({}, num_rows, num_columns);
    EXPECT_TRUE(pairs.rows.empty());
    EXPECT_TRUE(pairs.columns.empty());
  }
}

TEST(Assign, IsTheBestOfAllPermutations) {
  Rng rng(3, 0, 0, RandomOp::kExample);
  for (int trial = 0; trial < 300; ++trial) {
    const auto num_rows = static_cast<int64_t>(rng.below(6)) + 1, num_columns = static_cast<int64_t>(rng.below(6)) + 1;
    std::vector<double> costs(static_cast<size_t>(num_rows * num_columns));
    for (double& cost : costs) cost = trial % 2 ? rng.normal() : static_cast<double>(rng.below(4));  // odd: ties
    const Assignment pairs = assign(costs, num_rows, num_columns);
    expect_one_to_one(pairs, num_rows, num_columns);
    EXPECT_NEAR(cost_of(pairs, costs, num_columns), least_cost(costs, num_rows, num_columns), 1e-12);
  }
}

TEST(Assign, FloatsAreTheDoublesTheyHold) {
  Rng rng(4, 0, 0, RandomOp::kExample);
  std::vector<float> costs(40 * 25);
  for (float& cost : costs) cost = static_cast<float>(rng.uniform());
  const Assignment of_floats = glid::assign(std::span<const float>(costs), 40, 25);
  const Assignment of_doubles = assign({costs.begin(), costs.end()}, 40, 25);
  EXPECT_EQ(of_floats.rows, of_doubles.rows);
  EXPECT_EQ(of_floats.columns, of_doubles.columns);
}

TEST(Assign, AddingToARowChangesNothing) {
  Rng rng(5, 0, 0, RandomOp::kExample);
  std::vector<double> costs(20 * 20);
  for (double& cost : costs) cost = rng.uniform();
  const Assignment before = assign(costs, 20, 20);
  for (size_t i = 0; i < 20; ++i) costs[7 * 20 + i] += 100;
  EXPECT_EQ(assign(costs, 20, 20).columns, before.columns);
}

TEST(Assign, RefusesWhatIsNoNumber) {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(), 1e308}) {
    std::vector<double> costs(6, 1.0);
    costs[5] = bad;
    try {
      assign(costs, 2, 3);
      FAIL() << bad;
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), HasSubstr("row 1, column 2"));
    }
  }
  const std::vector<float> costs{1, std::numeric_limits<float>::infinity()};
  EXPECT_THROW(glid::assign(std::span<const float>(costs), 2, 1), std::invalid_argument);
}

TEST(Assign, RefusesAnotherShape) {
  EXPECT_THROW(assign({1, 2, 3}, 2, 2), std::invalid_argument);
  EXPECT_THROW(assign({1, 2, 3}, 3, 0), std::invalid_argument);
  EXPECT_THROW(assign({}, -1, 0), std::invalid_argument);
}

}  // namespace
}  // namespace glid
