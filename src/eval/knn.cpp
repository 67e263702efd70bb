#include "glid/eval/knn.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace glid {
namespace {

constexpr int64_t kRowsAtATime = 256;  // their similarities to all known images are in memory

// The indices of the k largest, nearest first.
std::vector<int64_t> nearest(std::span<const float> similarities, int64_t k) {
  std::vector<int64_t> order(similarities.size());
  std::iota(order.begin(), order.end(), 0);
  const auto is_nearer = [&](int64_t a, int64_t b) {
    const float of_a = similarities[static_cast<size_t>(a)], of_b = similarities[static_cast<size_t>(b)];
    return of_a != of_b ? of_a > of_b : a < b;
  };
  std::partial_sort(order.begin(), order.begin() + k, order.end(), is_nearer);
  order.resize(static_cast<size_t>(k));
  return order;
}

// Of one image, into its row of votes.
void vote(std::span<const float> similarities, const int64_t* labels, const KnnConfig& config, double* votes) {
  for (const int64_t i : nearest(similarities, config.neighbours))
    votes[labels[i]] += std::exp(static_cast<double>(similarities[static_cast<size_t>(i)]) / config.temperature);
}

}  // namespace

at::Tensor directions_of(const at::Tensor& features) {
  return features / features.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12);
}

at::Tensor knn_votes(const LabelledFeatures& known, const at::Tensor& features, const KnnConfig& config) {
  const int64_t n = known.size(), m = features.size(0);
  TORCH_CHECK(config.neighbours >= 1 && config.neighbours <= n, config.neighbours, " neighbours of ", n, " images");
  const at::NoGradGuard no_grad;
  const at::Tensor known_directions = directions_of(known.features).t(), asked = directions_of(features);
  const at::Tensor labels = known.labels.contiguous();
  at::Tensor votes = at::zeros({m, known.num_classes}, at::kDouble);
  double* all_votes = votes.mutable_data_ptr<double>();
  const int64_t* all_labels = labels.const_data_ptr<int64_t>();
  for (int64_t first = 0; first < m; first += kRowsAtATime) {
    const int64_t rows = std::min(kRowsAtATime, m - first);
    const at::Tensor similarities = at::mm(asked.narrow(0, first, rows), known_directions).contiguous();  // [rows, N]
    const float* values = similarities.const_data_ptr<float>();
    at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row)
        vote({values + row * n, static_cast<size_t>(n)}, all_labels, config, all_votes + (first + row) * known.num_classes);
    });
  }
  return votes;
}

}  // namespace glid
