// Reading predictions from queries, against loops over the rules.
#include "glid/tasks/mask_output.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace glid {
namespace {

constexpr int64_t kQueries = 12, kClasses = 20, kHeight = 45, kWidth = 38;  // of the original

using Map = std::vector<std::vector<double>>;

Map map_of(const at::Tensor& values) {
  const at::Tensor host = values.contiguous();
  Map map(static_cast<size_t>(host.size(0)), std::vector<double>(static_cast<size_t>(host.size(1))));
  for (int64_t y = 0; y < host.size(0); ++y)
    for (int64_t x = 0; x < host.size(1); ++x)
      map[static_cast<size_t>(y)][static_cast<size_t>(x)] = host.const_data_ptr<double>()[y * host.size(1) + x];
  return map;
}

// Bilinear between the centres of pixels, borders repeated.
Map bilinear(const Map& map, int64_t height, int64_t width) {
  const auto place = [](int64_t i, int64_t size, size_t of) {
    const double x = (static_cast<double>(i) + 0.5) * static_cast<double>(of) / static_cast<double>(size) - 0.5;
    return std::max(0.0, x);
  };
  Map out(static_cast<size_t>(height), std::vector<double>(static_cast<size_t>(width)));
  for (int64_t i = 0; i < height; ++i)
    for (int64_t j = 0; j < width; ++j) {
      const double y = place(i, height, map.size()), x = place(j, width, map[0].size());
      const auto y0 = static_cast<size_t>(y), x0 = static_cast<size_t>(x);
      const size_t y1 = std::min(y0 + 1, map.size() - 1), x1 = std::min(x0 + 1, map[0].size() - 1);
      const double dy = y - std::floor(y), dx = x - std::floor(x);
      out[static_cast<size_t>(i)][static_cast<size_t>(j)] =
          (1 - dy) * ((1 - dx) * map[y0][x0] + dx * map[y0][x1]) + dy * ((1 - dx) * map[y1][x0] + dx * map[y1][x1]);
    }
  return out;
}

// A picture of 29 x 31 pixels in 2 x 2 units of 16, cells of 2 pixels.
QueryMasks random_view(uint64_t seed, bool is_mirrored = false) {
  at::manual_seed(seed);
  at::Tensor masks = at::randn({kQueries, 5, 5}, at::kDouble) * 6;  // large regions
  masks = at::upsample_bilinear2d(masks.unsqueeze(0), {16, 16}, false).squeeze(0);
  return {.classes = at::randn({kQueries, kClasses + 1}, at::kDouble) * 4,
          .masks = masks,
          .grid_height = 32,
          .grid_width = 32,
          .height = 29,
          .width = 31,
          .is_mirrored = is_mirrored};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

std::vector<double> probabilities(const QueryMasks& view, int64_t query) {
  std::vector<double> p;
  double sum = 0;
  for (int64_t k = 0; k <= kClasses; ++k) {
    p.push_back(std::exp(view.classes[query][k].item<double>()));
    sum += p.back();
  }
  for (double& value : p) value /= sum;
  return p;
}

// A query's logits at the picture's size.
Map seen(const QueryMasks& view, int64_t query) {
  Map map = bilinear(map_of(view.masks[query]), view.grid_height, view.grid_width);
  map.resize(static_cast<size_t>(view.height));
  for (auto& row : map) {
    row.resize(static_cast<size_t>(view.width));
    if (view.is_mirrored) std::ranges::reverse(row);
  }
  return map;
}

TEST(SemanticMap, FollowsTheRules) {
  const std::vector<QueryMasks> views{random_view(1), random_view(2, /*is_mirrored=*/true)};
  std::vector<Map> scores(kClasses, Map(kHeight, std::vector<double>(kWidth)));
  for (const QueryMasks& view : views) {
    std::vector<Map> of_view(kClasses, Map(29, std::vector<double>(31)));
    for (int64_t q = 0; q < kQueries; ++q) {
      const Map mask = seen(view, q);
      const std::vector<double> p = probabilities(view, q);
      for (size_t k = 0; k < kClasses; ++k)
        for (size_t y = 0; y < 29; ++y)
          for (size_t x = 0; x < 31; ++x) of_view[k][y][x] += p[k] * sigmoid(mask[y][x]);
    }
    for (size_t k = 0; k < kClasses; ++k) {
      const Map resized = bilinear(of_view[k], kHeight, kWidth);
      for (size_t y = 0; y < kHeight; ++y)
        for (size_t x = 0; x < kWidth; ++x) scores[k][y][x] += resized[y][x];
    }
  }
  const std::vector<uint16_t> labels = semantic_map(views, kHeight, kWidth);
  ASSERT_EQ(labels.size(), static_cast<size_t>(kHeight * kWidth));
  for (size_t i = 0; i < labels.size(); ++i) {
    const auto score = [&](size_t k) { return scores[k][i / kWidth][i % kWidth]; };
    size_t best = 0;
    for (size_t k = 1; k < kClasses; ++k)
      if (score(k) > score(best)) best = k;
    ASSERT_EQ(labels[i], best) << i;
  }
}

TEST(MaskInstances, FollowTheRules) {
  const QueryMasks view = random_view(3);
  struct Pair {
    double p;
    int64_t query, category;
  };
  std::vector<Pair> pairs;
  for (int64_t q = 0; q < kQueries; ++q)
    for (int64_t k = 0; k < kClasses; ++k) pairs.push_back({probabilities(view, q)[static_cast<size_t>(k)], q, k});
  std::ranges::stable_sort(pairs, std::greater(), &Pair::p);
  const std::vector<Detection> detections = mask_instances(view, kHeight, kWidth, 30);
  ASSERT_EQ(detections.size(), 30u);
  for (size_t i = 0; i < detections.size(); ++i) {
    const Map logits = bilinear(seen(view, pairs[i].query), kHeight, kWidth);
    std::vector<uint8_t> mask;
    double inside = 0, area = 0;
    for (const auto& row : logits)
      for (const double logit : row) {
        mask.push_back(logit > 0 ? 1 : 0);
        if (logit > 0) inside += sigmoid(logit), area += 1;
      }
    EXPECT_EQ(detections[i].category, pairs[i].category);
    EXPECT_EQ(detections[i].mask, rle_from_mask(mask, kHeight, kWidth));
    EXPECT_NEAR(detections[i].score, pairs[i].p * inside / (area + 1e-6), 1e-9);
  }
  EXPECT_EQ(mask_instances(view, kHeight, kWidth, 1000).size(), static_cast<size_t>(kQueries * kClasses));
}

// What panoptic_map says, by the words of the rules.
Panoptic panoptic_by_rules(const QueryMasks& view, const std::vector<bool>& is_thing, const PanopticRules& rules) {
  struct Kept {
    double score;
    int64_t category;
    Map mask;
  };
  std::vector<Kept> kept;
  for (int64_t q = 0; q < kQueries; ++q) {
    const std::vector<double> p = probabilities(view, q);
    const auto best = std::ranges::max_element(p);
    if (best - p.begin() == kClasses || *best <= rules.min_score) continue;
    Map mask = bilinear(seen(view, q), kHeight, kWidth);
    for (auto& row : mask) std::ranges::transform(row, row.begin(), sigmoid);
    kept.push_back({*best, best - p.begin(), std::move(mask)});
  }
  Panoptic panoptic{.ids = std::vector<uint32_t>(kHeight * kWidth)};
  std::map<int64_t, uint32_t> stuff;
  for (size_t n = 0; n < kept.size(); ++n) {
    std::vector<size_t> region;
    int64_t owned = 0, own = 0;
    for (size_t i = 0; i < panoptic.ids.size(); ++i) {
      const auto value = [&](size_t m) { return kept[m].mask[i / kWidth][i % kWidth]; };
      size_t owner = 0;
      for (size_t m = 1; m < kept.size(); ++m)
        if (kept[m].score * value(m) > kept[owner].score * value(owner)) owner = m;
      owned += owner == n ? 1 : 0;
      own += value(n) >= 0.5 ? 1 : 0;
      if (owner == n && value(n) >= 0.5) region.push_back(i);
    }
    if (owned == 0 || own == 0 || region.empty()) continue;
    if (static_cast<double>(owned) / static_cast<double>(own) < rules.min_overlap) continue;
    auto id = static_cast<uint32_t>(panoptic.segments.size() + 1);
    const bool is_stuff = !is_thing[static_cast<size_t>(kept[n].category)];
    if (is_stuff && stuff.contains(kept[n].category)) id = stuff.at(kept[n].category);
    else panoptic.segments.push_back({.id = id, .category = kept[n].category});
    if (is_stuff) stuff[kept[n].category] = id;
    for (const size_t i : region) panoptic.ids[i] = id;
  }
  return panoptic;
}

TEST(PanopticMap, FollowsTheRules) {
  std::vector<bool> is_thing(kClasses);
  for (size_t k = 0; k < kClasses; k += 5) is_thing[k] = true;
  const PanopticRules lax{.min_score = 0.3, .min_overlap = 0.35};
  size_t segments = 0;
  bool has_merged = false, has_void = false;
  for (uint64_t seed = 1; seed < 30; ++seed) {
    QueryMasks view = random_view(seed, seed % 2 == 0);
    for (int64_t q = 0; q < kQueries; q += 2) view.classes[q][1 + static_cast<int64_t>(seed % 3)] += 8.0;  // one class often
    for (const PanopticRules& rules : {PanopticRules{}, lax}) {
      const Panoptic got = panoptic_map(view, is_thing, kHeight, kWidth, rules);
      const Panoptic expected = panoptic_by_rules(view, is_thing, rules);
      ASSERT_EQ(got.ids, expected.ids) << seed;
      ASSERT_EQ(got.segments, expected.segments) << seed;
      segments += got.segments.size();
      has_void = has_void || std::ranges::count(got.ids, 0U) > 0;
    }
    has_merged = has_merged || panoptic_map(view, std::vector<bool>(kClasses, true), kHeight, kWidth, lax).segments.size() >
                                   panoptic_map(view, is_thing, kHeight, kWidth, lax).segments.size();
  }
  EXPECT_GT(segments, 60u);
  EXPECT_TRUE(has_merged && has_void);
}

TEST(PanopticMap, OfNothingSureIsVoid) {
  QueryMasks view = random_view(1);
  view.classes.select(1, kClasses) += 100.0;
  const Panoptic got = panoptic_map(view, std::vector<bool>(kClasses), kHeight, kWidth);
  EXPECT_EQ(got.ids, std::vector<uint32_t>(kHeight * kWidth));
  EXPECT_TRUE(got.segments.empty());
}

}  // namespace
}  // namespace glid
