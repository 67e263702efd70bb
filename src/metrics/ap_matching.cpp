#include "ap_matching.h"

#include <algorithm>
#include <numeric>

namespace glid {
namespace {

double least_similarity(double threshold) { return std::min(threshold, 1 - 1e-10); }

}  // namespace

void ApMatcher::add_groups() {
  const std::vector<uint32_t> detections = sorted_detections(), truths = sorted_truths();
  size_t detection = 0, truth = 0;
  const auto detection_group = [&](size_t i) { return group_of(image_.detections[detections[i]].category); };
  const auto truth_group = [&](size_t i) { return group_of(image_.truths[truths[i]].category); };
  while (detection < detections.size() || truth < truths.size()) {
    int32_t group = INT32_MAX;
    if (detection < detections.size()) group = detection_group(detection);
    if (truth < truths.size()) group = std::min(group, truth_group(truth));
    const size_t first_detection = detection, first_truth = truth;
    while (detection < detections.size() && detection_group(detection) == group) ++detection;
    while (truth < truths.size() && truth_group(truth) == group) ++truth;
    const size_t num_kept = std::min(detection - first_detection, static_cast<size_t>(parameters_.max_dets.back()));
    add_group(group, Indices(detections).subspan(first_detection, num_kept),
              Indices(truths).subspan(first_truth, truth - first_truth));
  }
}

// The reference pools category by category: among equal scores the lower category comes first.
std::vector<uint32_t> ApMatcher::sorted_detections() const {
  std::vector<uint32_t> order(image_.detections.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [this](uint32_t i, uint32_t j) {
    const ApDetection &a = image_.detections[i], &b = image_.detections[j];
    if (group_of(a.category) != group_of(b.category)) return a.category < b.category;
    if (a.score != b.score) return a.score > b.score;
    return a.category != b.category ? a.category < b.category : i < j;
  });
  return order;
}

std::vector<uint32_t> ApMatcher::sorted_truths() const {
  std::vector<uint32_t> order;
  for (uint32_t i = 0; i < image_.truths.size(); ++i) {
    if (!(parameters_.drops_crowds && image_.truths[i].is_crowd)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [this](uint32_t i, uint32_t j) { return image_.truths[i].category < image_.truths[j].category; });
  return order;
}

void ApMatcher::add_group(int32_t category, Indices detections, Indices truths) {
  mark_ignored(truths);
  find_candidates(detections, truths);
  const size_t num_ranges = parameters_.area_ranges.size();
  matches_.assign(candidates_.size() * num_ranges, {});
  for (size_t range = 0; range < num_ranges; ++range) {
    if (!candidates_.empty()) match_range(range, truths.size());
    const auto counts = [range](uint32_t ignored) { return (ignored >> range & 1) == 0; };
    out_.num_truths_.push_back(static_cast<uint32_t>(std::count_if(ignored_.begin(), ignored_.end(), counts)));
  }
  out_.groups_.push_back({image_.image, category, static_cast<uint32_t>(detections.size()), out_.detections_.size()});
  write_detections(detections);
}

void ApMatcher::mark_ignored(Indices truths) {
  ignored_.clear();
  is_crowd_.clear();
  for (uint32_t i : truths) {
    const ApTruth& truth = image_.truths[i];
    ignored_.push_back(truth.is_ignored || truth.is_crowd ? UINT32_MAX : ranges_without(truth.area));
    is_crowd_.push_back(truth.is_crowd);
  }
}

void ApMatcher::find_candidates(Indices detections, Indices truths) {
  candidates_.clear();
  best_.clear();
  similarities_.clear();
  if (truths.empty()) return;
  const auto& thresholds = parameters_.iou_thresholds;
  const double least = least_similarity(*std::min_element(thresholds.begin(), thresholds.end()));
  for (uint32_t place = 0; place < detections.size(); ++place) {
    const size_t row = similarities_.size();
    double best = 0;
    for (uint32_t truth : truths) {
      similarities_.push_back(image_.similarity(detections[place], truth));
      best = std::max(best, similarities_.back());
    }
    if (best >= least) {
      candidates_.push_back(place);
      best_.push_back(best);
    } else {
      similarities_.resize(row);
    }
  }
}

// A range that ignores the same truths as an earlier one finds the same matches.
void ApMatcher::match_range(size_t range, size_t num_truths) {
  const size_t num_ranges = parameters_.area_ranges.size();
  for (size_t earlier = 0; earlier < range; ++earlier) {
    const auto agrees = [&](uint32_t ignored) { return (ignored >> range & 1) == (ignored >> earlier & 1); };
    if (!std::all_of(ignored_.begin(), ignored_.end(), agrees)) continue;
    for (size_t first = 0; first < matches_.size(); first += num_ranges) matches_[first + range] = matches_[first + earlier];
    return;
  }
  std::vector<uint32_t> order(num_truths);
  std::iota(order.begin(), order.end(), 0u);
  std::stable_partition(order.begin(), order.end(), [&](uint32_t truth) { return (ignored_[truth] >> range & 1) == 0; });
  for (size_t threshold = 0; threshold < parameters_.iou_thresholds.size(); ++threshold) {
    match_threshold(threshold, range, order);
  }
}

void ApMatcher::match_threshold(size_t threshold, size_t range, Indices order) {
  const double least = least_similarity(parameters_.iou_thresholds[threshold]);
  is_taken_.assign(order.size(), 0);
  for (size_t candidate = 0; candidate < candidates_.size(); ++candidate) {
    if (best_[candidate] < least) continue;
    const int64_t truth = parameters_.matching == Matching::kVoc ? most_similar_truth(candidate, range)
                                                                 : best_truth(candidate, least, range, order);
    if (truth < 0) continue;
    const auto i = static_cast<size_t>(truth);
    is_taken_[i] = !is_crowd_[i];
    ApAccumulator::Match& match = matches_[candidate * parameters_.area_ranges.size() + range];
    match.matched |= uint64_t{1} << threshold;
    match.ignored |= uint64_t{ignored_[i] >> range & 1} << threshold;
  }
}

// The most similar free truth, the later of equals; one that counts is kept over any that is ignored. -1: none.
int64_t ApMatcher::best_truth(size_t candidate, double least, size_t range, Indices order) const {
  const double* similarity = &similarities_[candidate * order.size()];
  int64_t held = -1;
  for (uint32_t truth : order) {
    if (is_taken_[truth]) continue;
    if (held >= 0 && (ignored_[static_cast<size_t>(held)] >> range & 1) == 0 && (ignored_[truth] >> range & 1) == 1) break;
    if (similarity[truth] < least) continue;
    least = similarity[truth];
    held = truth;
  }
  return held;
}

// Matching::kVoc: the first of equals; -1 where it counts and is taken.
int64_t ApMatcher::most_similar_truth(size_t candidate, size_t range) const {
  const auto row = std::span(similarities_).subspan(candidate * ignored_.size(), ignored_.size());
  const auto truth = static_cast<size_t>(std::max_element(row.begin(), row.end()) - row.begin());
  const bool counts = (ignored_[truth] >> range & 1) == 0;
  return counts && is_taken_[truth] ? -1 : static_cast<int64_t>(truth);
}

void ApMatcher::write_detections(Indices detections) {
  const size_t num_ranges = parameters_.area_ranges.size();
  const size_t first = out_.detections_.size();
  for (uint32_t i : detections) {
    const ApDetection& detection = image_.detections[i];
    out_.detections_.push_back({detection.score, ApAccumulator::kUnmatched, ranges_without(detection.area)});
  }
  for (size_t candidate = 0; candidate < candidates_.size(); ++candidate) {
    const auto begin = matches_.begin() + static_cast<ptrdiff_t>(candidate * num_ranges);
    const auto end = begin + static_cast<ptrdiff_t>(num_ranges);
    if (std::none_of(begin, end, [](const ApAccumulator::Match& match) { return match.matched != 0; })) continue;
    out_.detections_[first + candidates_[candidate]].match = static_cast<uint32_t>(out_.matches_.size() / num_ranges);
    out_.matches_.insert(out_.matches_.end(), begin, end);
  }
}

// Bit a: the area is outside of range a.
uint32_t ApMatcher::ranges_without(double area) const {
  uint32_t outside = 0;
  for (size_t range = 0; range < parameters_.area_ranges.size(); ++range) {
    const AreaRange& limits = parameters_.area_ranges[range];
    if (area < limits.min_px2 || area > limits.max_px2) outside |= uint32_t{1} << range;
  }
  return outside;
}

}  // namespace glid
