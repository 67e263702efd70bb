// Masks at points against loops over the formulas.
#include "glid/tasks/mask_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "glid/core/rng.h"

namespace glid {
namespace {

constexpr int64_t kLayers = 2, kQueries = 3, kChannels = 4;
constexpr PointConfig kPoints{.points = 16, .oversample_ratio = 3, .importance_ratio = 0.75};

TEST(DrawPoints, AreOfTheKeyAlone) {
  const std::vector<float> points = draw_points({1, 2, 3}, 100);
  EXPECT_EQ(points, draw_points({1, 2, 3}, 100));
  EXPECT_NE(points, draw_points({2, 2, 3}, 100));
  EXPECT_NE(points, draw_points({1, 3, 3}, 100));
  EXPECT_NE(points, draw_points({1, 2, 4}, 100));
  EXPECT_TRUE(std::ranges::all_of(points, [](float x) { return x >= 0 && x <= 1; }));
}

TEST(SampleMask, IsGridSample) {
  at::manual_seed(3);
  const at::Tensor mask = at::randint(0, 2, {7, 5}, at::kByte);
  const std::vector<float> points = draw_points({1, 1, 1}, 500);
  const std::vector<float> values = sample_mask({mask.const_data_ptr<uint8_t>(), 35}, 7, 5, points);
  const at::Tensor grid = at::tensor(points).view({1, 500, 1, 2}) * 2 - 1;
  const at::Tensor expected = at::grid_sampler(mask.to(at::kFloat).view({1, 1, 7, 5}), grid, 0, 0, false).flatten();
  EXPECT_LT((at::tensor(values) - expected).abs().max().item<double>(), 1e-5);
}

// Some pictures in maps of whole units that they needn't fill, with what queries answer.
struct Pictures {
  explicit Pictures(std::vector<int64_t> lengths, MaskFeatures features = MaskFeatures::kPlain)
      : dot{.mask_features = features, .dot_scale = 0.7} {
    at::manual_seed(5);
    const auto num = std::ssize(lengths);
    int64_t offset = 0, num_masks = 0;
    for (int64_t b = 0; b < num; ++b) {
      auto units = std::make_shared<PlanTensors>();
      units->grid = {1, b % 2 + 1};
      units->batch = 1;
      plan.runs.push_back({units, {b == 1 ? 0.7 : 1, b == 1 ? 1.6 : static_cast<double>(b % 2 + 1)}});
      map.images.push_back({offset, units->height(0), units->width(0)});
      offset += units->height(0) * units->width(0);
      num_masks += lengths[static_cast<size_t>(b)];
    }
    map.cells = at::randn({offset, kChannels}, at::kDouble).requires_grad_();
    z = at::randn({kLayers, num, kQueries, kChannels}, at::kDouble).requires_grad_();
    targets.points = at::rand({num, kPoints.num_drawn(), 2}, at::kDouble);
    targets.values = at::rand({num_masks, kPoints.num_drawn()}, at::kDouble).clamp(0.3, 0.7) * 2.5 - 0.75;
    targets.labels = at::randint(0, 5, {num_masks}, at::kLong);
    targets.lengths = std::move(lengths);
  }

  // <f^b, z> of a query at a point: the four nearest cells' products, 0 beyond the map.
  double logit(int64_t layer, int64_t b, int64_t query, int64_t point) const {
    const at::NoGradGuard no_grad;
    const FeatureMap::Place& place = map.images[static_cast<size_t>(b)];
    const ValidUnits& valid = plan.runs[static_cast<size_t>(b)].valid;
    at::Tensor cells = map.cells.narrow(0, place.offset, place.height * place.width);
    if (dot.mask_features == MaskFeatures::kMeanNorm) {
      cells = cells - cells.mean(0);
      cells = (cells - cells.mean(1, true)) / (cells.var(1, false, true) + 1e-5).sqrt();
    }
    const double x = targets.points[b][point][0].item<double>() * valid.width * 8 - 0.5;
    const double y = targets.points[b][point][1].item<double>() * valid.height * 8 - 0.5;
    const auto x0 = static_cast<int64_t>(std::floor(x)), y0 = static_cast<int64_t>(std::floor(y));
    double value = 0;
    for (const int64_t row : {y0, y0 + 1})
      for (const int64_t column : {x0, x0 + 1})
        if (row >= 0 && row < place.height && column >= 0 && column < place.width)
          value += (1 - std::abs(x - static_cast<double>(column))) * (1 - std::abs(y - static_cast<double>(row))) *
                   (cells[row * place.width + column] * z[layer][b][query]).sum().item<double>();
    return 0.7 * value;
  }
  double truth(int64_t target, int64_t point) const { return targets.values[target][point].item<double>(); }

  DotConfig dot;
  BatchPlan plan;
  FeatureMap map;
  at::Tensor z;
  MaskTargets targets;
};

struct Compared {
  double mask = 0, dice = 0;
};

// Mean cross-entropy and dice loss of one mask at some points.
Compared compared(const Pictures& pictures, const std::vector<double>& logits, int64_t target,
                  const std::vector<int64_t>& points) {
  Compared result;
  double overlap = 0, of_mask = 0, of_truth = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const double s = 1 / (1 + std::exp(-logits[i])), t = pictures.truth(target, points[i]);
    result.mask -= (t * std::log(s) + (1 - t) * std::log(1 - s)) / static_cast<double>(points.size());
    overlap += s * t, of_mask += s, of_truth += t;
  }
  result.dice = 1 - (2 * overlap + 1) / (of_mask + of_truth + 1);
  return result;
}

class MaskFormulas : public testing::TestWithParam<MaskFeatures> {};

TEST_P(MaskFormulas, AreThoseOfTheCosts) {
  const Pictures pictures({2, 4, 0, 1}, GetParam());
  const PointMasks masks(pictures.map, pictures.plan, pictures.dot, kPoints);
  const at::Tensor costs = masks.costs(pictures.z, pictures.targets, {.mask = 5, .dice = 3});
  ASSERT_EQ(costs.sizes(), (at::IntArrayRef{kLayers, 4, kQueries, 4}));
  std::vector<int64_t> points(static_cast<size_t>(kPoints.num_matching()));
  std::iota(points.begin(), points.end(), 0);
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    int64_t target = 0;
    for (int64_t b = 0; b < 4; ++b)
      for (int64_t n = 0; n < pictures.targets.lengths[static_cast<size_t>(b)]; ++n, ++target)
        for (int64_t q = 0; q < kQueries; ++q) {
          std::vector<double> logits;
          for (const int64_t point : points) logits.push_back(pictures.logit(layer, b, q, point));
          const Compared expected = compared(pictures, logits, target, points);
          EXPECT_NEAR(costs[layer][b][q][n].item<double>(), 5 * expected.mask + 3 * expected.dice, 1e-10);
        }
  }
}

TEST_P(MaskFormulas, AreThoseOfTheLosses) {
  const std::vector<int64_t> lengths{2, 4, 0, 1};  // with 3 queries
  const Pictures pictures(lengths, GetParam());
  const PointMasks masks(pictures.map, pictures.plan, pictures.dot, kPoints);
  const MatchedPairs pairs = match(masks.costs(pictures.z, pictures.targets, {}), lengths);
  const PointMasks::Sums sums = masks.losses(pictures.z, pictures.targets, pairs);
  const int64_t first_candidate = kPoints.num_matching(), first_uniform = first_candidate + kPoints.num_candidates();
  for (int64_t layer = 0; layer < kLayers; ++layer) {
    std::vector<Compared> expected(lengths.size());
    for (int64_t p = 0; p < pairs.picture.size(0); ++p) {
      const auto b = pairs.picture[p].item<int64_t>(), query = pairs.query[layer][p].item<int64_t>();
      const auto logit = [&](int64_t point) { return pictures.logit(layer, b, query, point); };
      std::vector<int64_t> points;
      for (int64_t point = first_candidate; point < first_uniform; ++point) points.push_back(point);
      std::ranges::sort(points, {}, [&](int64_t point) { return std::abs(logit(point)); });
      points.resize(12);
      for (int64_t point = first_uniform; point < kPoints.num_drawn(); ++point) points.push_back(point);
      ASSERT_EQ(points.size(), 16u);
      std::vector<double> logits;
      for (const int64_t point : points) logits.push_back(logit(point));
      const Compared one = compared(pictures, logits, pairs.target[layer][p].item<int64_t>(), points);
      expected[static_cast<size_t>(b)].mask += one.mask;
      expected[static_cast<size_t>(b)].dice += one.dice;
    }
    for (int64_t b = 0; b < std::ssize(lengths); ++b) {
      EXPECT_NEAR(sums.mask[layer][b].item<double>(), expected[static_cast<size_t>(b)].mask, 1e-10) << layer << " " << b;
      EXPECT_NEAR(sums.dice[layer][b].item<double>(), expected[static_cast<size_t>(b)].dice, 1e-10) << layer << " " << b;
    }
  }
  (sums.mask.sum() + sums.dice.sum()).backward();
  EXPECT_GT(pictures.z.grad().abs().sum().item<double>(), 0);
  EXPECT_TRUE(at::isfinite(pictures.map.cells.grad()).all().item<bool>());
}

INSTANTIATE_TEST_SUITE_P(Features, MaskFormulas, testing::Values(MaskFeatures::kPlain, MaskFeatures::kMeanNorm));

TEST(PointMasks, OfNoMasksAreZerosWithGradients) {
  for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{0, 0}, std::vector<int64_t>{}}) {
    const Pictures pictures(lengths);
    const PointMasks masks(pictures.map, pictures.plan, pictures.dot, kPoints);
    const MatchedPairs pairs = match(masks.costs(pictures.z, pictures.targets, {}), lengths);
    const PointMasks::Sums sums = masks.losses(pictures.z, pictures.targets, pairs);
    (sums.mask.sum() + sums.dice.sum()).backward();
    EXPECT_EQ(sums.mask.sum().item<double>(), 0);
    ASSERT_TRUE(pictures.z.grad().defined() && pictures.map.cells.grad().defined());
    EXPECT_EQ(pictures.map.cells.grad().abs().sum().item<double>(), 0);
  }
}

TEST(MaskLosses, OfEmptyMasksAreFinite) {
  const at::Tensor logits = at::full({2, 16}, -50.0, at::kDouble).requires_grad_();
  const at::Tensor truth = at::zeros({2, 16}, at::kDouble);
  EXPECT_LT(mask_losses(logits, truth).max().item<double>(), 1e-12);
  EXPECT_LT(dice_losses(logits, truth).abs().max().item<double>(), 1e-12);
  (mask_losses(logits, 1 - truth) + dice_losses(logits, truth)).sum().backward();
  EXPECT_TRUE(at::isfinite(logits.grad()).all().item<bool>());
}

}  // namespace
}  // namespace glid
