// Steps 1 to 5 of average precision: which detection finds which truth in one (image, category).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "glid/metrics/average_precision.h"

namespace glid {

// Adds one image's groups to an accumulator.
class ApMatcher {
 public:
  ApMatcher(ApAccumulator& out, const ApImage& image) : out_(out), parameters_(out.parameters_), image_(image) {}
  void add_groups();

 private:
  using Indices = std::span<const uint32_t>;

  std::vector<uint32_t> sorted_detections() const;
  std::vector<uint32_t> sorted_truths() const;
  int32_t group_of(int32_t category) const { return parameters_.pools_categories ? 0 : category; }

  // A group's detections, by descending score, and truths.
  void add_group(int32_t category, Indices detections, Indices truths);
  void mark_ignored(Indices truths);
  void find_candidates(Indices detections, Indices truths);
  void match_range(size_t range, size_t num_truths);
  void match_threshold(size_t threshold, size_t range, Indices order);
  int64_t best_truth(size_t candidate, double least, size_t range, Indices order) const;
  int64_t most_similar_truth(size_t candidate, size_t range) const;
  void write_detections(Indices detections);
  uint32_t ranges_without(double area) const;

  ApAccumulator& out_;
  const ApParameters& parameters_;
  const ApImage& image_;
  // Of the group; a truth is its place in the group. A candidate is a detection that some truth is similar enough to.
  std::vector<uint32_t> ignored_;              // [truth], bit a: in range a
  std::vector<uint8_t> is_crowd_;              // [truth]
  std::vector<uint8_t> is_taken_;              // [truth], at one threshold
  std::vector<uint32_t> candidates_;           // places among the group's detections
  std::vector<double> best_;                   // [candidate]
  std::vector<double> similarities_;           // [candidate, truth]
  std::vector<ApAccumulator::Match> matches_;  // [candidate, range]
};

}  // namespace glid
