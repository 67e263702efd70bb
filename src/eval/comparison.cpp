#include "glid/eval/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/eval/report.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_of(const Json& json) { return json.is_null() ? std::nullopt : std::optional(json.as_double()); }

SampledValue value_of(const std::string& name, const Json& samples, const Json& metrics) {
  SampledValue value{.name = name, .value = number_of(metrics.at(name))};
  for (const Json& sample : samples.as_array())
    value.samples.push_back(number_of(sample).value_or(std::numeric_limits<double>::quiet_NaN()));
  return value;
}

void require_alike(const fs::path& a, const Json& of_a, const fs::path& b, const Json& of_b) {
  for (const char* key : {"task", "protocol", "rules"})
    if (of_a.at(key).as_string() != of_b.at(key).as_string())
      throw DataError(b.string(), format("is of another {} than {}", key, a.string()),
                      format("{} and {}", of_b.at(key).as_string(), of_a.at(key).as_string()));
  if (of_a.at("images").as_int() != of_b.at("images").as_int())
    throw DataError(b.string(), format("is of another number of images than {}", a.string()),
                    format("{} and {}", of_b.at("images").as_int(), of_a.at("images").as_int()));
}

std::string shown(const std::optional<double>& value) { return value ? format("{:.6g}", *value) : "n/a"; }

}  // namespace

Json json_of(const Bootstrap& bootstrap) {
  Json values = Json::object();
  size_t num_samples = 0;
  Json::Array lower;
  for (const SampledValue& value : bootstrap.values) {
    num_samples = value.samples.size();
    values.set(value.name, Json::Array(value.samples.begin(), value.samples.end()));
    if (value.better == Better::kLower) lower.emplace_back(value.name);
  }
  return Json::object()
      .set("samples", uint64_t{num_samples})
      .set("seed", bootstrap.seed)
      .set("images", bootstrap.num_images)
      .set("image_hash", bootstrap.images)
      .set("lower_is_better", std::move(lower))
      .set("values", std::move(values));
}

Bootstrap bootstrap_of(const Json& report) {
  const Json& metrics = report.at("metrics");
  const Json* bootstrap = report.find("bootstrap");
  Bootstrap found;
  if (bootstrap == nullptr) {
    for (const auto& [name, value] : metrics.as_object()) found.values.push_back({name, number_of(value)});
    return found;
  }
  found.seed = bootstrap->at("seed").as_uint();
  found.num_images = bootstrap->at("images").as_int();
  found.images = bootstrap->at("image_hash").as_uint();
  for (const auto& [name, samples] : bootstrap->at("values").as_object())
    found.values.push_back(value_of(name, samples, metrics));
  for (const Json& name : bootstrap->at("lower_is_better").as_array()) {
    const auto value = std::ranges::find(found.values, name.as_string(), &SampledValue::name);
    if (value == found.values.end()) throw DataError("bootstrap.lower_is_better", "names no value", name.as_string());
    value->better = Better::kLower;
  }
  const auto num_samples = static_cast<size_t>(bootstrap->at("samples").as_int());
  for (const SampledValue& value : found.values)
    if (value.samples.size() != num_samples)
      throw DataError("bootstrap.values." + value.name, "has another number of samples than bootstrap.samples",
                      format("{} and {}", value.samples.size(), num_samples));
  return found;
}

Json read_report(const fs::path& file) {
  Json report = Json::parse(read_file(file), file.string());
  if (!report.is_object() || report.find("metrics") == nullptr || report.find("protocol") == nullptr)
    throw DataError(file.string(), "is no report of glid_eval", {}, "glid_eval --json FILE writes one");
  try {
    for (const char* key : {"task", "protocol", "rules"}) report.at(key).as_string();
    report.at("images").as_int();
    bootstrap_of(report);
  } catch (const DataError& error) {
    throw DataError(file.string(), format("is a damaged report of glid_eval: {}", error.what()));
  }
  return report;
}

std::string shown_difference(const MetricDifference& d) {
  if (!d.difference) return "";
  std::string text = format("{:+.4g}", *d.difference);
  if (d.interval) text += format(" [{:+.4g}, {:+.4g}]", d.interval->low, d.interval->high);
  if (d.is_significant()) text += d.is_better() ? " better" : " worse";
  return text;
}

std::string comparison_table(const fs::path& a, const fs::path& b) {
  const Json of_a = read_report(a), of_b = read_report(b);
  require_alike(a, of_a, b, of_b);
  const auto found = differences(bootstrap_of(of_a), bootstrap_of(of_b), kConfidence);
  std::string text = format("{}, protocol {}, {} images\nA: {}\nB: {}\n", of_a.at("task").as_string(),
                            of_a.at("protocol").as_string(), of_a.at("images").as_int(), a.string(), b.string());
  size_t width = 0;
  for (const MetricDifference& d : found) width = std::max(width, d.name.size());
  text += format("  {:<{}}  {:>10}  {:>10}  B - A\n", "", width, "A", "B");
  for (const MetricDifference& d : found)
    text += format("  {:<{}}  {:>10}  {:>10}  {}\n", d.name, width, shown(d.a), shown(d.b), shown_difference(d));
  const bool has_intervals = std::ranges::any_of(found, [](const MetricDifference& d) { return d.interval.has_value(); });
  text += has_intervals ? format("in brackets: {:.0f} % of the differences when images are drawn anew\n", kConfidence * 100)
                        : "note: no intervals: glid_eval --bootstrap 1000 --json FILE writes what they need\n";
  return to_utf8(text);
}

}  // namespace glid
