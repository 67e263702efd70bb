// What an evaluation found, and its forms: table, JSON, CSV (no LibTorch).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/metrics/bootstrap.h"
#include "glid/metrics/metric.h"

namespace glid {

// Numbers under the field's names, in their order; fractions from 0 to 1, errors in their unit; absent where there was
// nothing to measure (the official tools print -1 or divide by zero there).
using NamedValues = std::vector<std::pair<std::string, std::optional<double>>>;
NamedValues named_values(const std::vector<MetricValue>& values);

// A class, or an image where the task has no classes (depth).
struct ReportRow {
  int64_t id = 0;
  std::string name;
  NamedValues values;
  int64_t num_counts = 0;  // how many of the values, at their end, are counts
};

// The same number under the rules of another implementation of the literature.
struct Variant {
  std::string metric;
  std::string protocol;
  std::optional<double> value;
};

struct Report {
  std::string task;
  std::string protocol;    // its name
  std::string rules;       // what the name stands for and which public tool it equals, one line
  std::string unit;        // of the metrics, in words; empty where they have several
  int64_t images = 0;      // that were evaluated
  std::string image_hash;  // which they are (image_hash.h); empty where nobody says
  std::vector<std::pair<std::string, std::string>> model;  // what was evaluated: checkpoint, weights, ...; empty for files
  NamedValues metrics;
  std::map<std::string, int64_t> means_over;  // of metrics that are means over classes: of how many
  NamedValues losses;                         // a model's, beside its metrics
  NamedValues blind;                   // the metrics of predictions without looking at the images, where a run has such
  std::optional<Bootstrap> bootstrap;  // of the metrics, where asked for
  std::vector<Variant> variants;
  std::vector<ReportRow> per_class;
  std::vector<ReportRow> per_image;  // depth
  // Semantic: pixels by true class (row) and predicted class (column); the last column holds those predicted as no class.
  std::vector<std::vector<int64_t>> confusion;
  std::vector<std::string> notes;  // what was legal but odd in the files, counted
};

// Of every value in that `confidence` of the samples lie.
inline constexpr double kConfidence = 0.95;

// For the terminal: protocol, numbers, variants, notes; "n/a" where a number is absent.
std::string report_table(const Report& report);
// The members of Report by their names, with "metrics", "losses" and "without_looking" (blind) as {name: number}, the
// classes of means as "classes_in_means", "per_class" and "per_image" as [{"id", "name", ..}], "bootstrap" as comparison.h
// has it; numbers at full precision, null where absent. What a report has none of is left out, but for notes, variants and
// classes.
std::string report_json(const Report& report);
// One line a class (an image for depth) with a header: id,name,<numbers>; empty where absent.
std::string report_csv(const Report& report);

}  // namespace glid
