#include "glid/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/parallel_for.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

using Values = std::vector<MetricValue>;

std::vector<int32_t> times_of_sample(size_t num_images, uint64_t seed, int64_t sample) {
  Rng rng(seed, 0, static_cast<uint64_t>(sample), RandomOp::kBootstrap);
  std::vector<int32_t> times(num_images);
  for (size_t i = 0; i < num_images; ++i) ++times[rng.below(num_images)];
  return times;
}

// [sample][metric] of the same samples of the images.
std::vector<std::vector<Values>> sampled(const std::vector<const Metric*>& metrics, const BootstrapOptions& options) {
  if (options.num_samples < 1 || !(options.confidence > 0 && options.confidence < 1))
    throw std::invalid_argument("bootstrap: no sample, or a confidence that isn't between 0 and 1");
  const size_t num_images = metrics[0]->keys().size();
  if (num_images == 0) return {};
  std::vector<std::vector<Values>> samples(static_cast<size_t>(options.num_samples));
  parallel_for(options.num_samples, options.num_threads, [&](int64_t sample, int64_t) {
    const std::vector<int32_t> times = times_of_sample(num_images, options.seed, sample);
    for (const Metric* metric : metrics) samples[static_cast<size_t>(sample)].push_back(metric->values_of(times));
  });
  return samples;
}

// Between the order statistics, linearly (numpy.quantile's default). `sorted` isn't empty.
double quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

// `value_of(sample)`: a number, or none, which leaves no interval.
template <typename ValueOf>
std::optional<Interval> interval_of(const std::vector<std::vector<Values>>& samples, double confidence, ValueOf value_of) {
  std::vector<double> values;
  for (const std::vector<Values>& sample : samples) {
    const std::optional<double> value = value_of(sample);
    if (!value) return std::nullopt;
    values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return Interval{quantile(values, (1 - confidence) / 2), quantile(values, (1 + confidence) / 2)};
}

std::optional<double> minus(const std::optional<double>& a, const std::optional<double>& b) {
  return a && b ? std::optional(*a - *b) : std::nullopt;
}

void require_same_images(const Metric& a, const Metric& b) {
  const std::vector<std::string> of_a = a.keys(), of_b = b.keys();
  std::vector<std::string> alone;
  std::ranges::set_symmetric_difference(of_a, of_b, std::back_inserter(alone));
  if (!alone.empty())
    throw DataError(format("image {}", alone[0]), "is in one of the results only", format("{} such images", alone.size()),
                    "evaluate both on the same images");
}

}  // namespace

std::vector<std::optional<Interval>> bootstrap(const Metric& metric, const BootstrapOptions& options) {
  const std::vector<std::vector<Values>> samples = sampled({&metric}, options);
  std::vector<std::optional<Interval>> intervals;
  for (size_t i = 0; i < metric.values().size(); ++i)
    intervals.push_back(
        interval_of(samples, options.confidence, [i](const auto& sample) { return sample[0].at(i).value; }));
  return intervals;
}

std::vector<MetricDifference> paired_bootstrap(const Metric& a, const Metric& b, const BootstrapOptions& options) {
  require_same_images(a, b);
  const std::vector<std::vector<Values>> samples = sampled({&a, &b}, options);
  const Values of_a = a.values(), of_b = b.values();
  std::vector<MetricDifference> differences;
  for (size_t i = 0; i < of_a.size(); ++i) {
    const auto found = std::ranges::find(of_b, of_a[i].name, &MetricValue::name);
    if (found == of_b.end()) continue;
    const auto j = static_cast<size_t>(found - of_b.begin());
    MetricDifference difference{of_a[i].name, of_a[i].value, found->value, minus(found->value, of_a[i].value)};
    difference.better = of_a[i].better;
    difference.interval = interval_of(samples, options.confidence, [i, j](const auto& sample) {
      return minus(sample[1].at(j).value, sample[0].at(i).value);
    });
    differences.push_back(std::move(difference));
  }
  return differences;
}

}  // namespace glid
