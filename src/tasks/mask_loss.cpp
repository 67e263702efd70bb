#include "glid/tasks/mask_loss.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace glid {
namespace {

at::Tensor dice(const at::Tensor& overlap, const at::Tensor& sizes) { return 1 - (2 * overlap + 1) / (sizes + 1); }

// Maps [1, C, H, W] at points -> [C, p].
at::Tensor sampled(const at::Tensor& maps, const at::Tensor& points) {
  constexpr int64_t kBilinear = 0, kZeros = 0;
  return at::grid_sampler(maps, points, kBilinear, kZeros, /*align_corners=*/false).squeeze(-1).squeeze(0);
}

}  // namespace

at::Tensor mask_costs(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor of_empty = at::softplus(logits).sum(1, /*keepdim=*/true);
  return (of_empty - logits.matmul(truth.t())) / logits.size(1);
}

at::Tensor dice_costs(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor s = logits.sigmoid();
  return dice(s.matmul(truth.t()), s.sum(1, /*keepdim=*/true) + truth.sum(1));
}

at::Tensor mask_losses(const at::Tensor& logits, const at::Tensor& truth) {
  return at::binary_cross_entropy_with_logits(logits, truth, {}, {}, at::Reduction::None).mean(-1);
}

at::Tensor dice_losses(const at::Tensor& logits, const at::Tensor& truth) {
  const at::Tensor s = logits.sigmoid();
  return dice((s * truth).sum(-1), s.sum(-1) + truth.sum(-1));
}

at::Tensor most_uncertain(const at::Tensor& logits, int64_t count) {
  const at::NoGradGuard no_grad;
  return std::get<1>(logits.abs().topk(count, -1, /*largest=*/false, /*sorted=*/false));
}

PointMasks::PointMasks(const FeatureMap& map, const BatchPlan& plan, const DotConfig& dot, const PointConfig& points)
    : map_(map), dot_(dot), points_(points) {
  for (const ImageRun& run : plan.runs)
    covered_.insert(covered_.end(), static_cast<size_t>(run.plan->batch),
                    {run.valid.width / static_cast<double>(run.plan->grid.width),
                     run.valid.height / static_cast<double>(run.plan->grid.height)});
}

at::Tensor PointMasks::on_map(const at::Tensor& points, int64_t b) const {
  const auto& [width, height] = covered_.at(static_cast<size_t>(b));
  const at::Tensor xy = points.to(map_.cells.scalar_type());
  return at::stack({xy.select(1, 0) * (2 * width) - 1, xy.select(1, 1) * (2 * height) - 1}, 1).view({1, -1, 1, 2});
}

at::Tensor PointMasks::costs(const at::Tensor& z, const MaskTargets& targets, const Weights& weights) const {
  const at::NoGradGuard no_grad;
  const int64_t layers = z.size(0), queries = z.size(2), channels = z.size(3);
  const int64_t longest = targets.lengths.empty() ? 0 : *std::ranges::max_element(targets.lengths);
  const at::Tensor truth = targets.values.narrow(1, 0, points_.num_matching()).to(z.scalar_type());
  std::vector<at::Tensor> pictures;
  int64_t first = 0;
  for (int64_t b = 0; b < z.size(1); ++b) {
    const int64_t length = targets.lengths[static_cast<size_t>(b)];
    const FeatureMap::Place& place = map_.images[static_cast<size_t>(b)];
    const at::Tensor maps =
        dot_features(map_, b, 1, dot_).view({1, place.height, place.width, channels}).permute({0, 3, 1, 2});
    const at::Tensor features = sampled(maps, on_map(targets.points[b].narrow(0, 0, points_.num_matching()), b));  // [d, p]
    const at::Tensor logits = z.select(1, b).flatten(0, 1).matmul(features) * dot_.scale(channels);  // [L Q, p]
    const at::Tensor own = truth.narrow(0, first, length);
    const at::Tensor costs = weights.mask * mask_costs(logits, own) + weights.dice * dice_costs(logits, own);
    pictures.push_back(at::constant_pad_nd(costs.view({layers, queries, length}), {0, longest - length}));
    first += length;
  }
  return pictures.empty() ? at::zeros({layers, 0, queries, 0}, z.options()) : at::stack(pictures, 1);
}

at::Tensor PointMasks::loss_logits(const at::Tensor& z, const at::Tensor& points, const std::vector<double>& counts) const {
  const int64_t layers = z.size(0), channels = z.size(2), num_points = points_.num_candidates() + points_.num_uniform();
  std::vector<at::Tensor> pictures;
  int64_t first = 0;
  for (int64_t b = 0; b < std::ssize(counts); ++b) {
    const auto count = static_cast<int64_t>(counts[static_cast<size_t>(b)]);
    if (count == 0) continue;
    const at::Tensor own = z.narrow(1, first, count).reshape({1, layers * count, channels});
    const at::Tensor grid = on_map(points[b].narrow(0, points_.num_matching(), num_points), b);
    pictures.push_back(sampled(map_products(map_, b, own, dot_), grid).view({layers, count, num_points}));
    first += count;
  }
  if (!pictures.empty()) return at::cat(pictures, 1);
  // No pair at all: gradients of everything that makes masks are zeros, not missing.
  return z.matmul(map_.cells.t()).sum(-1, /*keepdim=*/true).expand({layers, 0, num_points});
}

PointMasks::Sums PointMasks::losses(const at::Tensor& z, const MaskTargets& targets, const MatchedPairs& pairs) const {
  const int64_t num_pictures = z.size(1), num_candidates = points_.num_candidates(), num_points = targets.values.size(1);
  const at::Tensor all = loss_logits(pairs.answers(z), targets.points, num_pairs(targets.lengths, z.size(2)));
  const at::Tensor chosen =
      at::cat({most_uncertain(all.narrow(2, 0, num_candidates), points_.num_uncertain()),
               at::arange(num_candidates, all.size(2), pairs.target.options()).expand({all.size(0), all.size(1), -1})},
              2);  // [L, P, points], among those of the loss
  const at::Tensor logits = all.gather(2, chosen);
  const at::Tensor rows = pairs.target.unsqueeze(2) * num_points + points_.num_matching();
  const at::Tensor truth = targets.values.take(rows + chosen).to(z.scalar_type());
  return {pairs.sums(mask_losses(logits, truth), num_pictures), pairs.sums(dice_losses(logits, truth), num_pictures)};
}

}  // namespace glid
