#include "glid/eval/comparison.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "glid/core/counted.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
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

// As it was written: empty where it isn't.
std::string written_image_hash(const Json& report) {
  const Json* hash = report.find("image_hash");
  return hash != nullptr ? hash->as_string() : "";
}

bool are_of_other_images(const Json& a, const Json& b) {
  const std::string of_a = written_image_hash(a), of_b = written_image_hash(b);
  return !of_a.empty() && !of_b.empty() && of_a != of_b;
}

constexpr const char *kNames = "names", *kPlaces = "places";  // what images are told apart by

constexpr const char* kSameImages = "evaluate both on the same images";

std::string both_hashes(const Json& a, const Json& b) {
  return format("image_hash {} and {}", written_image_hash(a), written_image_hash(b));
}

uint64_t key_hash_of(const Json& bootstrap) {
  const Json* hash = bootstrap.find("key_hash");
  if (hash == nullptr) return bootstrap.at("image_hash").as_uint();
  const std::string& text = hash->as_string();
  uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, value, 16);
  if (parsed != end || error != std::errc()) throw DataError("bootstrap.key_hash", "must be of hexadecimal digits", text);
  return value;
}

// "a.json: checkpoint runs/a/checkpoints/step_00000100 (best by AP), step 100, weights raw".
std::string line_of(const fs::path& file, const Json& report) {
  std::string facts;
  if (const Json* model = report.find("model"))
    for (const auto& [name, value] : model->as_object())
      facts += format("{}{} {}", facts.empty() ? "" : ", ", name, value.as_string());
  return format("{}: {}", file.string(), facts.empty() ? "names no checkpoint" : facts);
}

void require_alike(const fs::path& a, const Json& of_a, const fs::path& b, const Json& of_b) {
  constexpr std::pair<const char*, const char*> kMustAgree[] = {
      {"task", "is of another task than"}, {"protocol", "is by another protocol than"}, {"rules", "is by other rules than"}};
  for (const auto& [key, what] : kMustAgree)
    if (of_a.at(key).as_string() != of_b.at(key).as_string())
      throw DataError(b.string(), format("{} {}", what, a.string()),
                      format("{} and {}", of_b.at(key).as_string(), of_a.at(key).as_string()));
  if (of_a.at("images").as_int() != of_b.at("images").as_int())
    throw DataError(b.string(), format("is of another number of images than {}", a.string()),
                    format("{} and {}", of_b.at("images").as_int(), of_a.at("images").as_int()));
  if (are_of_other_images(of_a, of_b))
    throw DataError(b.string(), format("is of other images than {}", a.string()), both_hashes(of_b, of_a), kSameImages);
}

std::string shown(const std::optional<double>& value) { return value ? format("{:.6g}", *value) : "n/a"; }

std::string doubt_of_images(const Json& a, const Json& b) {
  for (const Json* report : {&a, &b})
    if (written_image_hash(*report).empty())
      return "whether both are of the same images can't be told: a file of an older glid_eval doesn't say; evaluate anew";
  const std::string of_a = model_fact(a, "data"), of_b = model_fact(b, "data");
  if (of_a.empty() || of_b.empty() || of_a == of_b) return "";
  return format("the data differ, though their images have the same ids: {} and {}", of_a, of_b);
}

// "cat (id 3)" of every class that has numbers of its own.
std::set<std::string> classes_of(const Json& report) {
  std::set<std::string> classes;
  if (const Json* rows = report.find("per_class"); rows != nullptr && !rows->is_null())
    for (const Json& row : rows->as_array())
      classes.insert(format("{} (id {})", row.at("name").as_string(), row.at("id").as_int()));
  return classes;
}

std::string doubt_of_classes(const Json& a, const Json& b) {
  const std::set<std::string> of_a = classes_of(a), of_b = classes_of(b);
  if (of_a.empty() || of_b.empty()) return "";
  std::vector<std::string> only_a, only_b;
  std::ranges::set_difference(of_a, of_b, std::back_inserter(only_a));
  std::ranges::set_difference(of_b, of_a, std::back_inserter(only_b));
  if (only_a.empty() && only_b.empty()) return "";
  std::string text = format("the classes differ: {} and {}", of_a.size(), of_b.size());
  if (!only_a.empty()) text += "; only the first has " + only_a.front();
  if (!only_b.empty()) text += "; only the second has " + only_b.front();
  return text;
}

// Which file of a folder is meant.
[[noreturn]] void refuse_folder(const fs::path& folder) {
  std::vector<std::string> reports;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().starts_with("eval") && entry.path().extension() == ".json")
      reports.push_back(entry.path().string());
  std::ranges::sort(reports);
  throw DataError(folder.string(), "is a folder, not a report of glid_eval", {},
                  reports.empty() ? "glid_eval --json FILE writes one" : "name a file in it: " + join(reports, ", "));
}

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
      .set("key_hash", format("{:016x}", bootstrap.images))
      .set("keys", bootstrap.by_place ? kPlaces : kNames)
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
  found.images = key_hash_of(*bootstrap);
  const Json* keys = bootstrap->find("keys");
  found.by_place = keys == nullptr || keys->as_string() != kNames;
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
  if (fs::is_directory(file)) refuse_folder(file);
  Json report = Json::parse(read_file(file), file.string());
  if (!report.is_object() || report.find("metrics") == nullptr || report.find("protocol") == nullptr)
    throw DataError(file.string(), "is no report of glid_eval", {}, "glid_eval --json FILE writes one");
  try {
    for (const char* key : {"task", "protocol", "rules"}) report.at(key).as_string();
    report.at("images").as_int();
    written_image_hash(report);
    if (const Json* model = report.find("model"))
      for (const auto& [name, value] : model->as_object()) value.as_string();
    classes_of(report);
    bootstrap_of(report);
  } catch (const DataError& error) {
    throw DataError(file.string(), format("is a damaged report of glid_eval: {}", error.what()));
  }
  return report;
}

std::string model_fact(const Json& report, const std::string& name) {
  const Json* model = report.find("model");
  const Json* fact = model != nullptr ? model->find(name) : nullptr;
  return fact != nullptr ? fact->as_string() : "";
}

std::optional<int64_t> evaluated_step(const Json& report) {
  std::string digits = model_fact(report, "step");
  if (digits.empty()) {
    const std::string checkpoint = model_fact(report, "checkpoint"), before = "step_";
    const size_t found = checkpoint.rfind(before);
    if (found == std::string::npos) return std::nullopt;
    digits = checkpoint.substr(found + before.size());
  }
  int64_t step = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  return error == std::errc() ? std::optional(step) : std::nullopt;
}

std::vector<MetricDifference> report_differences(const Json& a, const Json& b) {
  if (are_of_other_images(a, b)) throw DataError("the results", "are of different images", both_hashes(a, b), kSameImages);
  return differences(bootstrap_of(a), bootstrap_of(b), kConfidence);
}

std::vector<std::string> comparison_doubts(const Json& a, const Json& b) {
  std::vector<std::string> doubts{doubt_of_images(a, b), doubt_of_classes(a, b)};
  std::erase(doubts, "");
  return doubts;
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
  const auto found = report_differences(of_a, of_b);
  const std::string& protocol = of_a.at("protocol").as_string();
  std::string text =
      format("{}{}, {}\nA: {}\nB: {}\n", of_a.at("task").as_string(), protocol.empty() ? "" : ", protocol " + protocol,
             counted(of_a.at("images").as_int(), "image"), line_of(a, of_a), line_of(b, of_b));
  size_t width = 0;
  for (const MetricDifference& d : found) width = std::max(width, d.name.size());
  text += format("  {:<{}}  {:>10}  {:>10}  B - A\n", "", width, "A", "B");
  for (const MetricDifference& d : found)
    text += format("  {:<{}}  {:>10}  {:>10}  {}\n", d.name, width, shown(d.a), shown(d.b), shown_difference(d));
  const bool has_intervals = std::ranges::any_of(found, [](const MetricDifference& d) { return d.interval.has_value(); });
  text += has_intervals
              ? format(
                    "in brackets: {:.0f} % bootstrap confidence intervals of the differences, images drawn anew; of "
                    "models that are equal one number in twenty is called better or worse\n",
                    kConfidence * 100)
              : "note: no intervals: glid_eval --bootstrap 1000 --json FILE writes what they need\n";
  for (const std::string& doubt : comparison_doubts(of_a, of_b)) text += format("note: {}\n", doubt);
  return to_utf8(text);
}

}  // namespace glid
