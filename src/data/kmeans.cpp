#include "glid/data/kmeans.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <utility>

#include "glid/core/parallel_for.h"

namespace glid {
namespace {

constexpr size_t kLanes = 16;        // centres that are compared at a time
constexpr size_t kPoints = 4;        // with so many points
constexpr size_t kBlockPoints = 64;  // that find each panel of centres in the cache

using Products = std::array<std::array<float, kLanes>, kPoints>;

// points[p] [width] times the centres of a panel [width, lanes]. Each product is summed in the order of its numbers, so that
// no instruction set changes it.
void multiply(const std::array<const float*, kPoints>& points, const float* panel, size_t width, Products& products) {
  using Lanes = float __attribute__((vector_size(4 * kLanes / 2)));
  std::array<Lanes, 2 * kPoints> sums{};
  for (size_t i = 0; i < width; ++i, panel += kLanes) {
    Lanes low, high;
    __builtin_memcpy(&low, panel, sizeof(low));
    __builtin_memcpy(&high, panel + kLanes / 2, sizeof(high));
    for (size_t p = 0; p < kPoints; ++p) {
      sums[2 * p] += points[p][i] * low;
      sums[2 * p + 1] += points[p][i] * high;
    }
  }
  __builtin_memcpy(&products, &sums, sizeof(products));
}

// Of a point, so far: x c - |c|^2 / 2.
struct Best {
  float score = -std::numeric_limits<float>::infinity();
  size_t centre = 0;
};

void compare(const Products& products, const float* half_norms, size_t first_centre, std::span<Best> best) {
  for (size_t p = 0; p < best.size(); ++p)
    for (size_t k = 0; k < kLanes; ++k) {
      const float score = products[p][k] - half_norms[k];
      if (score > best[p].score) best[p] = {score, first_centre + k};
    }
}

// Of at most kBlockPoints points, beginning at `points`.
void find_best(const float* points, size_t width, std::span<const float> panels, std::span<const float> half_norms,
               std::span<Best> best) {
  Products products;
  for (size_t centre = 0; centre < half_norms.size(); centre += kLanes)
    for (size_t first = 0; first < best.size(); first += kPoints) {
      std::array<const float*, kPoints> some{};
      for (size_t p = 0; p < kPoints; ++p) some[p] = points + std::min(first + p, best.size() - 1) * width;
      multiply(some, &panels[centre * width], width, products);
      compare(products, &half_norms[centre], centre, best.subspan(first, std::min(kPoints, best.size() - first)));
    }
}

double squared_norm(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * value;
  return sum;
}

}  // namespace

KMeans::KMeans(std::vector<float> centres, int64_t width)
    : width_(static_cast<size_t>(width)),
      centres_(std::move(centres)),
      half_norms_((centres_.size() / width_ + kLanes - 1) / kLanes * kLanes, std::numeric_limits<float>::infinity()),
      counts_(centres_.size() / width_),
      recent_(counts_.size()) {
  panels_.resize(half_norms_.size() * width_);
  for (size_t k = 0; k < counts_.size(); ++k) prepare(k);
}

void KMeans::prepare(size_t centre) {
  const std::span<const float> values(&centres_[centre * width_], width_);
  float* lane = &panels_[centre / kLanes * kLanes * width_ + centre % kLanes];
  for (const float value : values) *lane = value, lane += kLanes;
  half_norms_[centre] = static_cast<float>(squared_norm(values) / 2);
}

KMeans::Nearest KMeans::nearest(std::span<const float> points, int64_t num_threads) const {
  const size_t count = points.size() / width_, num_blocks = (count + kBlockPoints - 1) / kBlockPoints;
  Nearest found{std::vector<int64_t>(count), std::vector<double>(count)};
  parallel_for(static_cast<int64_t>(num_blocks), num_threads, [&](int64_t block, int64_t) {
    const size_t first = static_cast<size_t>(block) * kBlockPoints;
    std::vector<Best> best(std::min(kBlockPoints, count - first));
    find_best(&points[first * width_], width_, panels_, half_norms_, best);
    for (size_t i = 0; i < best.size(); ++i) {
      const double norm = squared_norm(points.subspan((first + i) * width_, width_));
      found.centres[first + i] = static_cast<int64_t>(best[i].centre);
      found.distances[first + i] = std::max(0.0, norm - 2 * static_cast<double>(best[i].score));
    }
  });
  return found;
}

void KMeans::learn(std::span<const float> points, int64_t num_threads) {
  const Nearest found = nearest(points, num_threads);
  for (size_t i = 0; i < found.centres.size(); ++i) {
    const auto k = static_cast<size_t>(found.centres[i]);
    ++recent_[k];
    const float rate = 1 / static_cast<float>(++counts_[k]);
    float* centre = &centres_[k * width_];
    for (size_t d = 0; d < width_; ++d) centre[d] += rate * (points[i * width_ + d] - centre[d]);
  }
  for (size_t k = 0; k < counts_.size(); ++k) prepare(k);
}

int64_t KMeans::mend(std::span<const float> points, int64_t num_threads, Rng& rng) {
  const Nearest found = nearest(points, num_threads);
  std::vector<int64_t> weights;
  for (size_t i = 0; i < found.centres.size(); ++i)
    weights.push_back(found.distances[i] > 0 ? recent_[static_cast<size_t>(found.centres[i])] : 0);
  int64_t sum = std::accumulate(weights.begin(), weights.end(), int64_t{0}), num_mended = 0;
  for (size_t k = 0; k < counts_.size() && sum > 0; ++k) {
    if (recent_[k] > 0) continue;
    auto left = static_cast<int64_t>(rng.below(static_cast<uint64_t>(sum)));
    size_t chosen = 0;
    while (left >= weights[chosen]) left -= weights[chosen++];
    sum -= std::exchange(weights[chosen], 0);
    std::copy_n(&points[chosen * width_], width_, &centres_[k * width_]);
    counts_[k] = 1;
    prepare(k);
    ++num_mended;
  }
  recent_.assign(recent_.size(), 0);
  return num_mended;
}

}  // namespace glid
