#include "glid/tasks/matching.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "glid/nn/transfer.h"
#include "glid/tasks/class_loss.h"

namespace glid {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

// The least sum of costs [Q, n] over all ways to give every row or column, whichever are fewer, a partner.
double least_sum(const at::Tensor& costs) {
  const at::Tensor wide = (costs.size(0) > costs.size(1) ? costs.t() : costs).contiguous();
  std::vector<int64_t> columns(static_cast<size_t>(wide.size(1)));
  std::iota(columns.begin(), columns.end(), 0);
  double least = kInfinity;
  do {
    double sum = 0;
    for (int64_t row = 0; row < wide.size(0); ++row)
      sum += wide.const_data_ptr<double>()[row * wide.size(1) + columns[static_cast<size_t>(row)]];
    least = std::min(least, sum);
  } while (std::ranges::next_permutation(columns).found);
  return least;
}

std::vector<int64_t> numbers(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.contiguous();
  return {flat.const_data_ptr<int64_t>(), flat.const_data_ptr<int64_t>() + flat.numel()};
}

TEST(Match, FindsTheLeastCostOfEveryLayerAndPicture) {
  at::manual_seed(1);
  const std::vector<int64_t> lengths{2, 0, 6, 1, 4};  // with 4 queries
  const at::Tensor costs = at::randn({3, 5, 4, 6}, at::kDouble);
  const MatchedPairs pairs = match(costs, lengths);
  EXPECT_EQ(numbers(pairs.picture), (std::vector<int64_t>{0, 0, 2, 2, 2, 2, 3, 4, 4, 4, 4}));
  for (int64_t layer = 0; layer < 3; ++layer) {
    int64_t pair = 0, first_target = 0;
    for (int64_t b = 0; b < 5; ++b) {
      const int64_t length = lengths[static_cast<size_t>(b)], count = std::min<int64_t>(4, length);
      const at::Tensor own = costs[layer][b].narrow(1, 0, length);
      const at::Tensor query = pairs.query[layer].narrow(0, pair, count);
      const at::Tensor target = pairs.target[layer].narrow(0, pair, count) - first_target;
      if (length > 0) {
        EXPECT_NEAR(own.index({query, target}).sum().item<double>(), least_sum(own), 1e-12) << layer << " " << b;
        EXPECT_EQ(std::get<0>(at::_unique(query)).numel(), count);
        EXPECT_EQ(std::get<0>(at::_unique(target)).numel(), count);
      }
      pair += count;
      first_target += length;
    }
  }
}

TEST(Match, OfAGroupRepeatsItsTargets) {
  at::manual_seed(5);
  const std::vector<int64_t> lengths{2, 0, 1};
  const at::Tensor costs = at::randn({2, 3, 9, 2}, at::kDouble);
  const std::vector<QueryGroup> groups{{.first = 0, .count = 4}, {.first = 4, .count = 5, .repeats = 2}};
  const int64_t before = num_host_waits();
  const std::vector<MatchedPairs> matched = match(costs, lengths, groups);
  EXPECT_EQ(num_host_waits(), before + 1);
  EXPECT_EQ(numbers(matched[1].picture), (std::vector<int64_t>{0, 0, 0, 0, 2, 2}));
  for (size_t g = 0; g < groups.size(); ++g) {
    const at::Tensor own = costs.narrow(2, groups[g].first, groups[g].count);
    for (int64_t layer = 0; layer < 2; ++layer) {
      const at::Tensor repeated = own[layer][0].repeat({1, groups[g].repeats});
      const at::Tensor query = matched[g].query[layer].narrow(0, 0, 2 * groups[g].repeats);
      const at::Tensor target = matched[g].target[layer].narrow(0, 0, 2 * groups[g].repeats);
      EXPECT_NEAR(own[layer][0].index({query, target}).sum().item<double>(), least_sum(repeated), 1e-12);
      EXPECT_EQ(std::get<0>(at::_unique(query)).numel(), 2 * groups[g].repeats);
      EXPECT_EQ((target == 0).sum().item<int64_t>(), groups[g].repeats);
    }
    EXPECT_EQ((matched[g].target == 2).sum().item<int64_t>(), 2 * groups[g].repeats);
  }
}

TEST(Match, IsTheSameInAnyNumberOfThreads) {
  at::manual_seed(2);
  const std::vector<int64_t> lengths{3, 7, 0, 5, 2, 7};
  const at::Tensor costs = at::randint(0, 3, {6, 6, 9, 7}, at::kFloat);  // many ties
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const MatchedPairs one = match(costs, lengths);
  at::set_num_threads(4);
  const MatchedPairs four = match(costs, lengths);
  at::set_num_threads(threads);
  EXPECT_TRUE(at::equal(one.query, four.query));
  EXPECT_TRUE(at::equal(one.target, four.target));
}

TEST(Match, WaitsForTheDeviceOnce) {
  const std::vector<int64_t> lengths{3, 2};
  const int64_t before = num_host_waits();
  match(at::rand({4, 2, 5, 3}), lengths);
  EXPECT_EQ(num_host_waits(), before + 1);
}

TEST(Match, TakesWhatIsNoNumberForAHighCost) {
  const at::Tensor costs = at::tensor({kNan, 1.0, 2.0, kInfinity, -kInfinity, 5e30}, at::kDouble).view({1, 1, 3, 2});
  const MatchedPairs pairs = match(costs, std::vector<int64_t>{2});
  EXPECT_EQ(numbers(pairs.query), (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(numbers(pairs.target), (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(match(at::full({2, 1, 3, 2}, kNan), std::vector<int64_t>{2}).query.size(1), 2);
}

TEST(Match, OfNothingIsNothing) {
  EXPECT_EQ(match(at::rand({3, 2, 5, 0}), std::vector<int64_t>{0, 0}).query.sizes(), (at::IntArrayRef{3, 0}));
  EXPECT_EQ(match(at::rand({3, 0, 5, 0}), {}).target.sizes(), (at::IntArrayRef{3, 0}));
}

TEST(MatchedPairs, BringAnswersAndTargetsTogether) {
  const MatchedPairs pairs{.picture = at::tensor({0, 2, 2}, at::kLong),
                           .query = at::tensor({1, 0, 3, 2, 1, 2}, at::kLong).view({2, 3}),
                           .target = at::tensor({0, 2, 1, 0, 1, 2}, at::kLong).view({2, 3})};
  const at::Tensor answers = at::arange(2 * 3 * 4 * 2, at::kDouble).view({2, 3, 4, 2}).requires_grad_();
  const at::Tensor matched = pairs.answers(answers);
  ASSERT_EQ(matched.sizes(), (at::IntArrayRef{2, 3, 2}));
  EXPECT_TRUE(at::equal(matched[0][0], answers[0][0][1]));
  EXPECT_TRUE(at::equal(matched[1][2], answers[1][2][2]));
  matched.sum().backward();
  EXPECT_EQ(answers.grad().sum().item<double>(), 12);
  const at::Tensor labels = at::tensor({10, 11, 12}, at::kLong);
  EXPECT_EQ(numbers(pairs.targets(labels)), (std::vector<int64_t>{10, 12, 11, 10, 11, 12}));
  EXPECT_EQ(numbers(pairs.classes(labels, 3, 4, 99)[0]),
            (std::vector<int64_t>{99, 10, 99, 99, 99, 99, 99, 99, 12, 99, 99, 11}));
  const at::Tensor sums = pairs.sums(at::arange(6, at::kDouble).view({2, 3}), 3);
  EXPECT_TRUE(at::equal(sums, at::tensor({0.0, 0.0, 3.0, 3.0, 0.0, 9.0}, at::kDouble).view({2, 3})));
}

TEST(Padded, LaysThePicturesSideBySide) {
  const at::Tensor rows = at::arange(6, at::kFloat).view({3, 2});
  const at::Tensor table = padded(rows, std::vector<int64_t>{1, 0, 2});
  ASSERT_EQ(table.sizes(), (at::IntArrayRef{3, 2, 2}));
  EXPECT_TRUE(at::equal(table[0][0], rows[0]));
  EXPECT_TRUE(at::equal(table[2], rows.narrow(0, 1, 2)));
  EXPECT_EQ(table[1].abs().sum().item<float>(), 0);
  EXPECT_EQ(padded(rows.narrow(0, 0, 0), std::vector<int64_t>{0, 0}).sizes(), (at::IntArrayRef{2, 0, 2}));
  EXPECT_EQ(padded(rows.narrow(0, 0, 0), {}).sizes(), (at::IntArrayRef{0, 0, 2}));
}

TEST(LayeredTerms, AreOneALayer) {
  Losses losses;
  const at::Tensor sums = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kDouble).view({2, 2});
  layered_terms(losses, {"l1", sums, 5, "boxes"}, std::vector<int64_t>{1, 3});
  layered_terms(losses, {"giou", sums.narrow(0, 1, 1), 2, "boxes"}, {});
  ASSERT_EQ(losses.terms.size(), 3u);
  EXPECT_EQ(losses.terms[0].layer, 1);
  EXPECT_EQ(losses.terms[1].layer, 0);
  EXPECT_EQ(losses.terms[1].sum.item<double>(), 7);
  EXPECT_EQ(losses.terms[1].by_image[0].item<double>(), 3);
  EXPECT_EQ(losses.terms[2].layer, 0);
  EXPECT_EQ(losses.terms[2].weight, 2);
}

// The definitions, query by query and class by class.
double focal_loss(double logit, bool is_class) {
  const double p = 1 / (1 + std::exp(-logit));
  return is_class ? -0.25 * (1 - p) * (1 - p) * std::log(p) : -0.75 * p * p * std::log(1 - p);
}

TEST(FocalLoss, EqualsItsFormula) {
  at::manual_seed(3);
  const at::Tensor logits = at::randn({2, 2, 3, 4}, at::kDouble) * 3;
  const at::Tensor classes = at::tensor({0, 4, 2, 4, 4, 4, 3, 3, 1, 0, 4, 1}, at::kLong).view({2, 2, 3});
  const at::Tensor sums = focal_sums(logits, classes);
  for (int64_t layer = 0; layer < 2; ++layer)
    for (int64_t b = 0; b < 2; ++b) {
      double expected = 0;
      for (int64_t q = 0; q < 3; ++q)
        for (int64_t k = 0; k < 4; ++k)
          expected += focal_loss(logits[layer][b][q][k].item<double>(), classes[layer][b][q].item<int64_t>() == k);
      EXPECT_NEAR(sums[layer][b].item<double>(), expected, 1e-12);
    }
}

TEST(FocalLoss, CostsWhatTheClassAddsToIt) {
  const at::Tensor logits = at::tensor({-1.0, 0.5, 2.0, -0.3}, at::kDouble).view({1, 1, 2, 2});
  const at::Tensor costs = focal_costs(logits, at::tensor({1, 0, 1}, at::kLong).view({1, 3}));
  ASSERT_EQ(costs.sizes(), (at::IntArrayRef{1, 1, 2, 3}));
  for (int64_t q = 0; q < 2; ++q) {
    const auto cost = [&](int64_t k) {
      const double logit = logits[0][0][q][k].item<double>();
      return focal_loss(logit, true) - focal_loss(logit, false);
    };
    EXPECT_NEAR(costs[0][0][q][0].item<double>(), cost(1), 1e-7);
    EXPECT_NEAR(costs[0][0][q][1].item<double>(), cost(0), 1e-7);
  }
}

TEST(CrossEntropy, EqualsATensWeightedMeanOverAllQueries) {
  at::manual_seed(4);
  const at::Tensor logits = at::randn({1, 2, 3, 3}, at::kDouble);
  const at::Tensor classes = at::tensor({0, 2, 2, 1, 1, 2}, at::kLong).view({1, 2, 3});
  const at::Tensor expected = at::cross_entropy_loss(logits.flatten(0, 2), classes.flatten(),
                                                     at::tensor({1.0, 1.0, 0.1}, at::kDouble), at::Reduction::Mean);
  const std::vector<double> weights = cross_entropy_weights(std::vector<int64_t>{1, 2}, 3);
  EXPECT_NEAR(weights[0] + weights[1], 3.3, 1e-12);
  EXPECT_NEAR(cross_entropy_sums(logits, classes).sum().item<double>() / (weights[0] + weights[1]), expected.item<double>(),
              1e-12);
  EXPECT_EQ(cross_entropy_weights(std::vector<int64_t>{9}, 3)[0], 3);
  const at::Tensor costs = cross_entropy_costs(logits, at::tensor({1, 0}, at::kLong).view({2, 1}));
  EXPECT_NEAR(costs[0][1][2][0].item<double>(), -logits[0][1][2].softmax(0)[0].item<double>(), 1e-12);
}

}  // namespace
}  // namespace glid
