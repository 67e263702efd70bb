#include "glid/eval/knn.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

namespace glid {
namespace {

// The definition, an image after the other in double.
at::Tensor slow_votes(const LabelledFeatures& known, const at::Tensor& features, const KnnConfig& config) {
  const at::Tensor votes = at::zeros({features.size(0), known.num_classes}, at::kDouble);
  for (int64_t m = 0; m < features.size(0); ++m) {
    std::vector<std::pair<double, int64_t>> order;  // the most similar first, of equals the first
    for (int64_t n = 0; n < known.size(); ++n) {
      const at::Tensor a = features[m].to(at::kDouble), b = known.features[n].to(at::kDouble);
      order.emplace_back(-(a.dot(b) / (a.norm() * b.norm())).item<double>(), n);
    }
    std::ranges::sort(order);
    for (int64_t i = 0; i < config.neighbours; ++i) {
      const auto& [minus_similarity, n] = order[static_cast<size_t>(i)];
      votes[m][known.labels[n].item<int64_t>()] += std::exp(-minus_similarity / config.temperature);
    }
  }
  return votes;
}

TEST(Knn, VotesAreThoseOfADirectLoop) {
  at::manual_seed(1);
  const LabelledFeatures known{at::randn({60, 7}), at::randint(4, {60}, at::kLong), 4};
  const at::Tensor asked = at::randn({300, 7});  // more than are looked at together
  for (const int64_t k : {1, 5, 60}) {
    const KnnConfig config{.neighbours = k};
    EXPECT_TRUE(at::allclose(knn_votes(known, asked, config), slow_votes(known, asked, config), 1e-4)) << k;
  }
}

TEST(Knn, LengthsDontMatterAndNearOnesWeighMore) {
  const LabelledFeatures known{at::tensor({1.0, 0.0, 0.0, 9.0, 0.0, 2.0}, at::kFloat).view({3, 2}),
                               at::tensor({0, 1, 1}, at::kLong), 2};
  const at::Tensor votes = knn_votes(known, at::tensor({5.0, 0.0}, at::kFloat).view({1, 2}), {.neighbours = 3});
  EXPECT_NEAR(votes[0][0].item<double>(), std::exp(1 / 0.07), 1e-6 * std::exp(1 / 0.07));
  EXPECT_NEAR(votes[0][1].item<double>(), 2, 1e-6);  // both at right angles
}

TEST(Knn, OfEqualOnesTheFirstIsNearer) {
  const LabelledFeatures known{at::ones({40, 3}), at::arange(40, at::kLong), 40};
  const at::Tensor votes = knn_votes(known, at::ones({1, 3}), {.neighbours = 3});
  EXPECT_TRUE(votes[0].narrow(0, 0, 3).gt(0).all().item<bool>());
  EXPECT_EQ(votes.count_nonzero().item<int64_t>(), 3);
}

TEST(Knn, AFeatureWithoutLengthIsSimilarToNothing) {
  const LabelledFeatures known{at::ones({2, 3}), at::tensor({0, 1}, at::kLong), 2};
  const at::Tensor votes = knn_votes(known, at::zeros({1, 3}), {.neighbours = 2});
  EXPECT_TRUE(votes.eq(1).all().item<bool>());
}

TEST(Knn, ThreadsDontMatter) {
  at::manual_seed(2);
  const LabelledFeatures known{at::randn({100, 8}), at::randint(3, {100}, at::kLong), 3};
  const at::Tensor asked = at::randn({50, 8});
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = knn_votes(known, asked, {});
  at::set_num_threads(2);
  const at::Tensor two = knn_votes(known, asked, {});
  at::set_num_threads(before);
  EXPECT_TRUE(at::allclose(one, two, 1e-4));
}

}  // namespace
}  // namespace glid
