#include "ap_curves.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace glid {

ApCurves::ApCurves(const ApAccumulator& in, std::span<const uint32_t> groups, Times times, size_t category, ApResult& out)
    : in_(in), parameters_(in.parameters_), groups_(groups), times_(times), category_(category), out_(out) {
  false_before_.resize(parameters_.iou_thresholds.size());
  for (uint32_t group : groups) {
    if (times_of(group) == 0) continue;
    const uint64_t first = in.groups_[group].first_detection;
    for (uint32_t rank = 0; rank < in.groups_[group].num_detections; ++rank) {
      const ApAccumulator::Detection& detection = in.detections_[first + rank];
      detections_.push_back({detection.score, rank, detection.match, detection.outside, times_of(group)});
    }
  }
  std::stable_sort(detections_.begin(), detections_.end(),
                   [](const Ranked& a, const Ranked& b) { return a.score > b.score; });
}

void ApCurves::write() {
  const size_t num_ranges = parameters_.area_ranges.size();
  for (const Ranked& detection : detections_) out_.num_detections[category_] += detection.times;
  for (size_t range = 0; range < num_ranges; ++range) {
    int64_t num_truths = 0;
    for (uint32_t group : groups_) num_truths += times_of(group) * int64_t{in_.num_truths_[group * num_ranges + range]};
    out_.num_truths[category_ * num_ranges + range] = num_truths;
    if (num_truths == 0) continue;
    for (size_t limit = 0; limit < parameters_.max_dets.size(); ++limit) write_cell(range, limit, num_truths);
  }
}

void ApCurves::write_cell(size_t range, size_t limit, int64_t num_truths) {
  count(range, parameters_.max_dets[limit]);
  const size_t first = out_.cell(category_, range, limit);
  for (size_t threshold = 0; threshold < parameters_.iou_thresholds.size(); ++threshold) {
    write_curve(threshold, first + threshold, num_truths);
  }
}

void ApCurves::count(size_t range, int64_t limit) {
  for (auto& before : false_before_) before.clear();
  num_false_.assign(false_before_.size(), 0);
  int64_t num_never_matched = 0;
  for (const Ranked& detection : detections_) {
    if (detection.rank >= limit) continue;
    if (detection.match == ApAccumulator::kUnmatched) {
      num_never_matched += (detection.outside >> range & 1) == 0 ? detection.times : 0;
    } else {
      count_match(detection, range, num_never_matched);
    }
  }
}

void ApCurves::count_match(const Ranked& detection, size_t range, int64_t num_never_matched) {
  const ApAccumulator::Match& match = in_.matches_[detection.match * parameters_.area_ranges.size() + range];
  const bool is_outside = detection.outside >> range & 1;
  for (size_t threshold = 0; threshold < false_before_.size(); ++threshold) {
    if (match.matched >> threshold & 1) {
      if ((match.ignored >> threshold & 1) == 0)
        false_before_[threshold].insert(false_before_[threshold].end(), static_cast<size_t>(detection.times),
                                        num_never_matched + num_false_[threshold]);
    } else if (!is_outside) {
      num_false_[threshold] += detection.times;
    }
  }
}

// Between two true positives precision only falls and recall stays, so the curve is known at the true positives.
void ApCurves::write_curve(size_t threshold, size_t first, int64_t num_truths) {
  const std::vector<int64_t>& false_before = false_before_[threshold];
  const size_t num_true = false_before.size();
  precision_.resize(num_true);
  for (size_t i = 0; i < num_true; ++i) {
    const double num_found = static_cast<double>(i + 1);
    precision_[i] = num_found / (static_cast<double>(false_before[i]) + num_found + std::numeric_limits<double>::epsilon());
  }
  for (size_t i = num_true; i > 1; --i) precision_[i - 2] = std::max(precision_[i - 2], precision_[i - 1]);

  const std::vector<double>& points = parameters_.recall_points;
  double* curve = &out_.precision[first * points.size()];
  const auto recall = [&](size_t i) { return static_cast<double>(i + 1) / static_cast<double>(num_truths); };
  for (size_t point = 0, i = 0; point < points.size(); ++point) {
    while (i < num_true && recall(i) < points[point]) ++i;
    curve[point] = i < num_true ? precision_[i] : 0;
  }
  out_.recall[first] = num_true > 0 ? recall(num_true - 1) : 0;
  const bool is_area = parameters_.interpolation == Interpolation::kEveryPoint;
  const double sum = is_area ? std::accumulate(precision_.begin(), precision_.end(), 0.)
                             : std::accumulate(curve, curve + points.size(), 0.);
  out_.average_precision[first] = sum / static_cast<double>(is_area ? num_truths : static_cast<int64_t>(points.size()));
}

}  // namespace glid
