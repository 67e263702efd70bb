#include "glid/metrics/detection_confusion.h"

#include <algorithm>
#include <functional>
#include <stdexcept>

namespace glid {
namespace {

struct Pair {
  double similarity;
  size_t detection, truth;
};

// By falling similarity; equal ones as they come in the lists.
std::vector<Pair> similar_pairs(const ApImage& image, const std::vector<size_t>& detections, double least) {
  std::vector<Pair> pairs;
  for (const size_t d : detections)
    for (size_t t = 0; t < image.truths.size(); ++t)
      if (const double similarity = image.similarity(d, t); similarity > least) pairs.push_back({similarity, d, t});
  std::ranges::stable_sort(pairs, std::greater{}, &Pair::similarity);
  return pairs;
}

}  // namespace

DetectionConfusion::DetectionConfusion(int64_t num_classes, ConfusionThresholds thresholds)
    : num_classes_(num_classes),
      thresholds_(thresholds),
      counts_(static_cast<size_t>((num_classes + 1) * (num_classes + 1))) {}

void DetectionConfusion::add(const ApImage& image) {
  std::vector<size_t> detections;
  for (size_t d = 0; d < image.detections.size(); ++d)
    if (image.detections[d].score > thresholds_.score) detections.push_back(d);
  const auto does_not_count = [&](size_t truth) { return image.truths[truth].is_crowd || image.truths[truth].is_ignored; };
  std::vector<bool> is_explained(image.detections.size()), is_found(image.truths.size());
  const std::vector<Pair> pairs = similar_pairs(image, detections, thresholds_.similarity);
  for (const Pair& pair : pairs) {
    if (does_not_count(pair.truth) || is_explained[pair.detection] || is_found[pair.truth]) continue;
    is_explained[pair.detection] = is_found[pair.truth] = true;
    ++counts_[index(image.truths[pair.truth].category, image.detections[pair.detection].category)];
  }
  for (const Pair& pair : pairs)
    if (does_not_count(pair.truth)) is_explained[pair.detection] = true;
  for (size_t t = 0; t < image.truths.size(); ++t)
    if (!is_found[t] && !does_not_count(t)) ++counts_[index(image.truths[t].category, num_classes_)];
  for (const size_t d : detections)
    if (!is_explained[d]) ++counts_[index(num_classes_, image.detections[d].category)];
}

void DetectionConfusion::merge(const DetectionConfusion& other) {
  if (other.num_classes_ != num_classes_) throw std::invalid_argument("DetectionConfusion::merge: other classes");
  std::ranges::transform(counts_, other.counts_, counts_.begin(), std::plus{});
}

}  // namespace glid
