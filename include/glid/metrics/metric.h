// What all measures share, whether files or models are measured (no LibTorch). Each adds images in its own way.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

enum class Better { kHigher, kLower };

// A number under the field's name.
struct MetricValue {
  std::string name;
  std::optional<double> value;  // none where there was nothing to measure
  Better better = Better::kHigher;
};

// How often each image counts, in the order of their keys; empty: once each.
using Times = std::span<const int32_t>;

// Accumulators keep a record of every image and sum in the order of the images' keys: one object a thread or rank, merged in
// any order, gives the same bits.
class Metric {
 public:
  virtual ~Metric() = default;

  // For programs of one build on one kind of machine; not a file format.
  virtual std::string to_bytes() const = 0;
  // Throws DataError, with nothing taken, when an image is in both; std::invalid_argument for bytes of another metric or of
  // other settings.
  virtual void merge_bytes(std::string_view bytes) = 0;

  // The same names in the same order whatever was added; losses add names that only images make known.
  std::vector<MetricValue> values() const { return values_of({}); }
  // The same as if the images had come so often: what a bootstrap asks for (bootstrap.h). Throws std::invalid_argument
  // unless there is a number for each of keys().
  virtual std::vector<MetricValue> values_of(Times times) const = 0;
  // What tells the images apart, ascending: equal keys of two metrics of one data set are the same image.
  virtual std::vector<std::string> keys() const = 0;
  // The one of them by which models are compared.
  virtual std::string best() const = 0;

 protected:
  Metric() = default;
  Metric(const Metric&) = default;
  Metric& operator=(const Metric&) = default;
};

}  // namespace glid
