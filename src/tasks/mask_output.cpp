#include "glid/tasks/mask_output.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <numeric>

#include "glid/nn/transfer.h"

namespace glid {
namespace {

constexpr int64_t kClassesAtOnce = 16;

// A mask [H, W] of bool on any device.
Rle rle_of(const at::Tensor& mask) {
  const at::Tensor host = to_host(mask).contiguous();
  const auto* pixels = reinterpret_cast<const uint8_t*>(host.const_data_ptr<bool>());
  return rle_from_mask({pixels, static_cast<size_t>(host.numel())}, host.size(0), host.size(1));
}

// [K, height, width] of one view, at the picture's size.
at::Tensor class_maps(const QueryMasks& view) {
  const at::Tensor classes = view.classes.softmax(-1).slice(1, 0, -1);  // [Q, K]
  const at::Tensor masks = at_picture(view.masks, view).sigmoid();
  return classes.t().matmul(masks.flatten(1)).view({-1, masks.size(1), masks.size(2)});
}

struct Candidate {
  double score = 0;
  int64_t query = 0, category = 0;
};

// The best of probabilities [Q, K]; of equals the first.
std::vector<Candidate> best_of(const at::Tensor& probabilities, int64_t count) {
  const at::Tensor host = to_host(probabilities.to(at::kDouble)).contiguous();
  const auto* scores = host.const_data_ptr<double>();
  const int64_t classes = host.size(1), kept = std::min(count, host.numel());
  std::vector<int64_t> order(static_cast<size_t>(host.numel()));
  std::iota(order.begin(), order.end(), 0);
  std::partial_sort(order.begin(), order.begin() + kept, order.end(),
                    [scores](int64_t a, int64_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  std::vector<Candidate> best;
  for (int64_t i = 0; i < kept; ++i) {
    const int64_t at = order[static_cast<size_t>(i)];
    best.push_back({scores[at], at / classes, at % classes});
  }
  return best;
}

// The queries that are sure of a class, in their order.
std::vector<Candidate> sure_queries(const at::Tensor& logits, double min_score) {
  const auto [scores, classes] = logits.softmax(-1).max(-1);
  const at::Tensor host = to_host(at::stack({scores.to(at::kDouble), classes.to(at::kDouble)})).contiguous();
  const double none = static_cast<double>(logits.size(1) - 1);
  std::vector<Candidate> sure;
  for (int64_t q = 0; q < logits.size(0); ++q) {
    const double score = host.const_data_ptr<double>()[q], category = host.const_data_ptr<double>()[logits.size(0) + q];
    if (category != none && score > min_score) sure.push_back({score, q, static_cast<int64_t>(category)});
  }
  return sure;
}

// Paints what candidates own, in their order: 0, or the id of a segment.
Panoptic painted(const std::vector<Candidate>& candidates, const at::Tensor& regions, const std::vector<bool>& is_thing) {
  Panoptic panoptic;
  std::map<int64_t, uint32_t> stuff;  // of a class, its segment
  std::vector<int64_t> ids(1);        // of each candidate, from 1
  for (const Candidate& candidate : candidates) {
    const auto next = static_cast<uint32_t>(panoptic.segments.size() + 1);
    const bool is_stuff = !is_thing.at(static_cast<size_t>(candidate.category));
    const uint32_t id = is_stuff ? stuff.try_emplace(candidate.category, next).first->second : next;
    if (id == next) panoptic.segments.push_back({.id = id, .category = candidate.category});
    ids.push_back(id);
  }
  const at::Tensor host = to_host(regions.to(at::kLong)).contiguous();  // [H, W] of candidates, from 1
  for (const int64_t region : std::span(host.const_data_ptr<int64_t>(), static_cast<size_t>(host.numel())))
    panoptic.ids.push_back(static_cast<uint32_t>(ids[static_cast<size_t>(region)]));
  return panoptic;
}

}  // namespace

at::Tensor resize_maps(const at::Tensor& maps, int64_t height, int64_t width) {
  if (maps.size(1) == height && maps.size(2) == width) return maps;
  if (maps.size(0) == 0) return maps.new_empty({0, height, width});
  return at::upsample_bilinear2d(maps.unsqueeze(0), {height, width}, /*align_corners=*/false).squeeze(0);
}

at::Tensor at_picture(const at::Tensor& masks, const QueryMasks& view) {
  const at::Tensor pixels = resize_maps(masks, view.grid_height, view.grid_width);
  const at::Tensor picture = pixels.slice(1, 0, view.height).slice(2, 0, view.width);
  return view.is_mirrored ? picture.flip(2) : picture;
}

std::vector<uint16_t> semantic_map(std::span<const QueryMasks> views, int64_t height, int64_t width) {
  std::vector<at::Tensor> of_views;
  for (const QueryMasks& view : views) of_views.push_back(class_maps(view));
  at::Tensor best, winner;  // [H, W]
  for (int64_t first = 0; first < of_views[0].size(0); first += kClassesAtOnce) {
    const int64_t count = std::min(kClassesAtOnce, of_views[0].size(0) - first);
    at::Tensor sum;
    for (const at::Tensor& maps : of_views) {
      const at::Tensor scores = resize_maps(maps.narrow(0, first, count), height, width);
      sum = sum.defined() ? sum + scores : scores;
    }
    const auto [largest, index] = sum.max(0);
    const at::Tensor wins = best.defined() ? largest > best : at::ones_like(largest, at::kBool);
    winner = best.defined() ? at::where(wins, index + first, winner) : index;
    best = best.defined() ? at::maximum(largest, best) : largest;
  }
  const at::Tensor host = to_host(winner).contiguous();
  std::vector<uint16_t> labels;
  std::ranges::transform(std::span(host.const_data_ptr<int64_t>(), static_cast<size_t>(host.numel())),
                         std::back_inserter(labels), [](int64_t label) { return static_cast<uint16_t>(label); });
  return labels;
}

std::vector<Detection> mask_instances(const QueryMasks& view, int64_t height, int64_t width, int64_t count) {
  struct Drawn {
    Rle mask;
    double quality = 0;
  };
  std::map<int64_t, Drawn> drawn;  // of each query that has a candidate
  std::vector<Detection> detections;
  for (const Candidate& best : best_of(view.classes.softmax(-1).slice(1, 0, -1), count)) {
    if (!drawn.contains(best.query)) {
      const at::Tensor logits = resize_maps(at_picture(view.masks.narrow(0, best.query, 1), view), height, width)[0];
      const at::Tensor inside = logits > 0;
      const at::Tensor quality = (logits.sigmoid() * inside).sum(at::kDouble) / (inside.sum(at::kDouble) + 1e-6);
      drawn[best.query] = {rle_of(inside), quality.item<double>()};
    }
    const Drawn& mask = drawn.at(best.query);
    detections.push_back({.category = best.category,
                          .score = best.score * mask.quality,
                          .box = to_corners(rle_box(mask.mask)),
                          .mask = mask.mask,
                          .query = best.query});
  }
  return detections;
}

Panoptic panoptic_map(const QueryMasks& view, const std::vector<bool>& is_thing, int64_t height, int64_t width,
                      const PanopticRules& rules) {
  const std::vector<Candidate> sure = sure_queries(view.classes, rules.min_score);
  if (sure.empty()) return {.ids = std::vector<uint32_t>(static_cast<size_t>(height * width))};
  std::vector<int64_t> queries;
  std::vector<double> scores;
  for (const Candidate& candidate : sure) queries.push_back(candidate.query), scores.push_back(candidate.score);
  const at::Tensor rows = to_device(at::tensor(queries), view.masks.device());
  const at::Tensor masks =
      resize_maps(at_picture(view.masks.index_select(0, rows), view), height, width).sigmoid();  // [n, H, W]
  const at::Tensor weights = to_device(at::tensor(scores, masks.scalar_type()), masks.device());
  const at::Tensor owner = (weights.view({-1, 1, 1}) * masks).argmax(0);
  const at::Tensor own = masks >= 0.5;
  const at::Tensor owned = at::arange(masks.size(0), owner.options()).view({-1, 1, 1}) == owner;
  const at::Tensor areas = to_host(at::stack({owned.sum({1, 2}), own.sum({1, 2}), owned.logical_and(own).sum({1, 2})}));
  std::vector<Candidate> kept;
  at::Tensor regions = at::zeros_like(owner);
  for (size_t i = 0; i < sure.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    const auto area = [&](int64_t kind) { return areas[kind][at].item<double>(); };
    if (area(0) == 0 || area(1) == 0 || area(2) == 0 || area(0) / area(1) < rules.min_overlap) continue;
    kept.push_back(sure[i]);
    regions = at::where(owned[at].logical_and(own[at]), std::ssize(kept), regions);
  }
  return painted(kept, regions, is_thing);
}

}  // namespace glid
