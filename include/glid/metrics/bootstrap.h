// How far numbers could be off by the choice of the images: the percentile bootstrap (Efron & Tibshirani, "An Introduction
// to the Bootstrap", 1993, chapter 13) over images, which are drawn with replacement.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "glid/metrics/metric.h"

namespace glid {

// What images are called wherever they stand in a set, by their keys.
using ImageNames = std::map<std::string, std::string>;

struct BootstrapOptions {
  int64_t num_samples = 1000;
  uint64_t seed = 0;
  int64_t num_threads = 1;  // changes nothing but the time
  ImageNames names = {};    // one without a name is called by its key
};

// A number, and what it would have been on other images.
struct SampledValue {
  std::string name;
  std::optional<double> value;
  Better better = Better::kHigher;
  std::vector<double> samples;  // NaN where one had nothing to measure
};

// Sample i of a seed is of the same images for every metric of the same ones, in whatever order they came.
struct Bootstrap {
  uint64_t seed = 0;
  int64_t num_images = 0;
  uint64_t images = 0;    // stable_hash of their names, ascending: which images they are
  bool by_place = false;  // of a report that calls them by their places in a set, as older ones do
  std::vector<SampledValue> values;
};

// Of all values of a metric; without images there are no samples. Throws std::invalid_argument unless num_samples > 0.
Bootstrap bootstrap(const Metric& metric, const BootstrapOptions& options);

struct Interval {
  double low = 0, high = 0;
};

// Where `confidence` of the samples lie, as much outside on either side; none without samples or with a NaN among them.
std::optional<Interval> interval_of(std::vector<double> samples, double confidence);

struct MetricDifference {
  std::string name;
  std::optional<double> a, b, difference;  // b - a
  std::optional<Interval> interval;        // of the difference
  Better better = Better::kHigher;
  // Whether the interval says that they differ, in the direction of the difference.
  bool is_significant() const {
    return interval && ((interval->low > 0 && *difference > 0) || (interval->high < 0 && *difference < 0));
  }
  // Of b, where there is a difference.
  bool is_better() const { return (*difference > 0) == (better == Better::kHigher); }
};

// Of the values that both have, sample by sample: what is hard in an image is hard for both, so differences are surer than
// the intervals of each let one think. Of different numbers of samples the first ones that both have count; without samples
// of one there are no intervals. Throws DataError for samples of different images or seeds.
std::vector<MetricDifference> differences(const Bootstrap& a, const Bootstrap& b, double confidence);

}  // namespace glid
