// How far a number could be off by the choice of the images: the percentile bootstrap (Efron & Tibshirani, "An Introduction
// to the Bootstrap", 1993, chapter 13) over images, which are drawn with replacement.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "glid/metrics/metric.h"

namespace glid {

struct BootstrapOptions {
  int64_t num_samples = 1000;
  double confidence = 0.95;
  uint64_t seed = 0;
  int64_t num_threads = 1;  // changes nothing but the time
};

struct Interval {
  double low = 0, high = 0;
};

// Of each of the metric's values; none where a sample had nothing to measure.
std::vector<std::optional<Interval>> bootstrap(const Metric& metric, const BootstrapOptions& options);

struct MetricDifference {
  std::string name;
  std::optional<double> a, b, difference;  // b - a
  std::optional<Interval> interval;        // of the difference
  Better better = Better::kHigher;
  // Whether the interval says that they differ.
  bool is_significant() const { return interval && (interval->low > 0 || interval->high < 0); }
};

// Of the values that both have, by samples that are the same for both: what is hard in an image is hard for both, so
// differences are surer than the intervals of each let one think. Throws DataError unless they are of the same images.
std::vector<MetricDifference> paired_bootstrap(const Metric& a, const Metric& b, const BootstrapOptions& options);

}  // namespace glid
