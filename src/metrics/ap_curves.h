// Step 6 of average precision: the precision-recall curves of a category.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/metrics/average_precision.h"

namespace glid {

// Writes a category's share of a result; categories are independent.
class ApCurves {
 public:
  // `groups`: indices into the accumulator's groups, all of the category, by image. `times`: how often each of the
  // accumulator's groups counts.
  ApCurves(const ApAccumulator& in, std::span<const uint32_t> groups, Times times, size_t category, ApResult& out);
  void write();

 private:
  struct Ranked {
    double score;
    uint32_t rank;  // within the image
    uint32_t match;
    uint32_t outside;
    int32_t times;
  };

  int32_t times_of(uint32_t group) const { return times_.empty() ? 1 : times_[group]; }
  void write_cell(size_t range, size_t limit, int64_t num_truths);
  void count(size_t range, int64_t limit);
  void count_match(const Ranked& detection, size_t range, int64_t num_never_matched);
  void write_curve(size_t threshold, size_t first, int64_t num_truths);

  const ApAccumulator& in_;
  const ApParameters& parameters_;
  std::span<const uint32_t> groups_;
  Times times_;
  size_t category_;
  ApResult& out_;
  std::vector<Ranked> detections_;                  // by descending score
  std::vector<std::vector<int64_t>> false_before_;  // [threshold, true positive]: false positives before it
  std::vector<int64_t> num_false_;                  // [threshold]: those that match at some other threshold
  std::vector<double> precision_;                   // [true positive]
};

}  // namespace glid
