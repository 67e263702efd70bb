#include "glid/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/parallel_for.h"
#include "glid/core/rng.h"

namespace glid {
namespace {

constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

// The names of images and their places among the keys, by name.
std::vector<std::pair<std::string, size_t>> named_images(const std::vector<std::string>& keys, const ImageNames& names) {
  std::vector<std::pair<std::string, size_t>> images;
  for (size_t i = 0; i < keys.size(); ++i) {
    const auto name = names.find(keys[i]);
    images.emplace_back(name == names.end() ? keys[i] : name->second, i);
  }
  std::ranges::sort(images);
  return images;
}

// Of images in the order of their keys, drawn in that of their names.
std::vector<int32_t> times_of_sample(const std::vector<std::pair<std::string, size_t>>& images, uint64_t seed,
                                     int64_t sample) {
  Rng rng(seed, 0, static_cast<uint64_t>(sample), RandomOp::kBootstrap);
  std::vector<int32_t> times(images.size());
  for (size_t i = 0; i < images.size(); ++i) ++times[images[rng.below(images.size())].second];
  return times;
}

// Between the order statistics, linearly (numpy.quantile's default). `sorted` isn't empty.
double quantile(const std::vector<double>& sorted, double part) {
  const double place = part * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(sorted[below], sorted[above], place - std::floor(place));
}

size_t num_samples(const Bootstrap& of) { return of.values.empty() ? 0 : of.values[0].samples.size(); }

void require_alike(const Bootstrap& a, const Bootstrap& b) {
  const auto require = [](bool alike, const char* what, const auto& of_a, const auto& of_b, const char* hint) {
    if (!alike) throw DataError("the results", what, format("{} and {}", of_a, of_b), hint);
  };
  require(a.num_images == b.num_images, "are of different numbers of images", a.num_images, b.num_images,
          "evaluate both on the same images");
  require(a.images == b.images || a.by_place == b.by_place, "can't be paired: an older one calls images by their places",
          a.images, b.images, "evaluate both anew");
  require(a.images == b.images, "are of different images", a.images, b.images, "evaluate both on the same images");
  require(a.seed == b.seed, "have samples of different seeds", a.seed, b.seed, "evaluate both with the same seed");
}

MetricDifference difference_of(const SampledValue& a, const SampledValue& b, double confidence) {
  MetricDifference difference{a.name, a.value, b.value, {}, {}, a.better};
  if (a.value && b.value) difference.difference = *b.value - *a.value;
  std::vector<double> samples(std::min(a.samples.size(), b.samples.size()));
  for (size_t i = 0; i < samples.size(); ++i) samples[i] = b.samples[i] - a.samples[i];
  difference.interval = interval_of(std::move(samples), confidence);
  return difference;
}

}  // namespace

Bootstrap bootstrap(const Metric& metric, const BootstrapOptions& options) {
  if (options.num_samples < 1) throw std::invalid_argument("bootstrap: no sample");
  const std::vector<std::string> keys = metric.keys();
  const auto images = named_images(keys, options.names);
  Bootstrap found{options.seed, std::ssize(keys)};
  for (const auto& [name, place] : images) found.images = stable_hash(name, found.images);
  for (const MetricValue& value : metric.values()) found.values.push_back({value.name, value.value, value.better, {}});
  if (keys.empty()) return found;
  for (SampledValue& value : found.values) value.samples.resize(static_cast<size_t>(options.num_samples));
  parallel_for(options.num_samples, options.num_threads, [&](int64_t sample, int64_t) {
    const auto values = metric.values_of(times_of_sample(images, options.seed, sample));
    for (size_t i = 0; i < found.values.size(); ++i)
      found.values[i].samples[static_cast<size_t>(sample)] = values.at(i).value.value_or(kNothing);
  });
  return found;
}

std::optional<Interval> interval_of(std::vector<double> samples, double confidence) {
  if (!(confidence > 0 && confidence < 1)) throw std::invalid_argument("interval_of: confidence must be between 0 and 1");
  if (samples.empty() || std::ranges::any_of(samples, [](double v) { return std::isnan(v); })) return std::nullopt;
  std::ranges::sort(samples);
  return Interval{quantile(samples, (1 - confidence) / 2), quantile(samples, (1 + confidence) / 2)};
}

std::vector<MetricDifference> differences(const Bootstrap& a, const Bootstrap& b, double confidence) {
  if (num_samples(a) > 0 && num_samples(b) > 0) require_alike(a, b);
  std::vector<MetricDifference> differences;
  for (const SampledValue& of_a : a.values) {
    const auto of_b = std::ranges::find(b.values, of_a.name, &SampledValue::name);
    if (of_b != b.values.end()) differences.push_back(difference_of(of_a, *of_b, confidence));
  }
  return differences;
}

}  // namespace glid
