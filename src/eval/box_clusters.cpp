#include "box_clusters.h"

#include <algorithm>
#include <array>
#include <limits>

#include "glid/core/rng.h"

namespace glid {
namespace {

constexpr int kMaxSteps = 100;
constexpr size_t kMaxRanked = 100;

using Point = std::array<double, 4>;

Point point_of(const ClassedBox& box) { return {box.box.cx, box.box.cy, box.box.width, box.box.height}; }

double distance(const Point& a, const Point& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

// The nearest centre, the first of several.
size_t nearest(const Point& point, std::span<const Point> centres) {
  size_t best = 0;
  for (size_t k = 1; k < centres.size(); ++k)
    if (distance(point, centres[k]) < distance(point, centres[best])) best = k;
  return best;
}

// k-means++ (Arthur and Vassilvitskii, SODA 2007): each next centre by the squared distance to the nearest so far.
std::vector<Point> first_centres(std::span<const Point> points, size_t count, Rng& rng) {
  std::vector<Point> centres{points[rng.below(points.size())]};
  while (centres.size() < count) {
    std::vector<double> until;
    double sum = 0;
    for (const Point& point : points) until.push_back(sum += distance(point, centres[nearest(point, centres)]));
    if (sum == 0) break;  // fewer different boxes than centres
    const auto chosen = std::upper_bound(until.begin(), until.end(), rng.uniform() * sum) - until.begin();
    centres.push_back(points[std::min(static_cast<size_t>(chosen), points.size() - 1)]);
  }
  return centres;
}

std::vector<size_t> nearest_of_all(std::span<const Point> points, std::span<const Point> centres) {
  std::vector<size_t> owners;
  for (const Point& point : points) owners.push_back(nearest(point, centres));
  return owners;
}

// Each centre to the mean of its points.
void move_centres(std::span<const Point> points, std::span<const size_t> owners, std::span<Point> centres) {
  std::vector<Point> sums(centres.size(), Point{});
  std::vector<double> counts(centres.size());
  for (size_t i = 0; i < points.size(); ++i) {
    counts[owners[i]] += 1;
    for (size_t d = 0; d < 4; ++d) sums[owners[i]][d] += points[i][d];
  }
  for (size_t k = 0; k < centres.size(); ++k)
    for (size_t d = 0; d < 4 && counts[k] > 0; ++d) centres[k][d] = sums[k][d] / counts[k];
}

}  // namespace

BoxClusters cluster_boxes(std::span<const ClassedBox> boxes, size_t num_classes, int64_t count, uint64_t seed) {
  std::vector<Point> points;
  for (const ClassedBox& box : boxes) points.push_back(point_of(box));
  Rng rng(seed, 0, 1, RandomOp::kBlind);
  std::vector<Point> centres = first_centres(points, std::min(static_cast<size_t>(count), points.size()), rng);
  std::vector<size_t> owners = nearest_of_all(points, centres);
  for (int step = 0; step < kMaxSteps; ++step) {
    move_centres(points, owners, centres);
    std::vector<size_t> moved = nearest_of_all(points, centres);
    if (moved == owners) break;
    owners = std::move(moved);
  }
  BoxClusters clusters{{}, std::vector<float>(centres.size() * num_classes)};
  for (const Point& centre : centres)
    for (const double value : centre) clusters.centres.push_back(static_cast<float>(value));
  for (size_t i = 0; i < boxes.size(); ++i)
    clusters.shares.at(owners[i] * num_classes + static_cast<size_t>(boxes[i].category)) +=
        1 / static_cast<float>(boxes.size());
  return clusters;
}

std::vector<ClassedBox> ranked(std::span<const float> centres, std::span<const float> shares) {
  const size_t count = centres.size() / 4, num_classes = shares.size() / count;
  std::vector<ClassedBox> boxes;
  for (size_t k = 0; k < count; ++k)
    for (size_t c = 0; c < num_classes; ++c)
      if (const float share = shares[k * num_classes + c]; share > 0)
        boxes.push_back(
            {{centres[4 * k], centres[4 * k + 1], centres[4 * k + 2], centres[4 * k + 3]}, static_cast<int64_t>(c), share});
  std::ranges::stable_sort(boxes, std::greater(), &ClassedBox::score);
  boxes.resize(std::min(boxes.size(), kMaxRanked));
  return boxes;
}

}  // namespace glid
