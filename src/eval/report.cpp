#include "glid/eval/report.h"

#include <algorithm>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "glid/core/json.h"
#include "glid/core/utf8.h"
#include "glid/eval/comparison.h"

namespace glid {
namespace {

constexpr const char* kAbsent = "n/a (nothing to measure)";

std::string shown(const std::optional<double>& value) { return value ? format("{:.6g}", *value) : kAbsent; }

Json json_of(const std::optional<double>& value) { return value ? Json(*value) : Json(); }

Json json_of(const ReportRow& row) {
  Json json = Json::object();
  json.set("id", row.id).set("name", row.name);
  for (const auto& [name, value] : row.values) json.set(name, json_of(value));
  return json;
}

Json json_of(const std::vector<ReportRow>& rows) {
  Json::Array array;
  for (const ReportRow& row : rows) array.push_back(json_of(row));
  return array;
}

Json json_of(const Variant& variant) {
  return Json::object().set("metric", variant.metric).set("protocol", variant.protocol).set("value", json_of(variant.value));
}

Json json_of(const std::vector<std::vector<int64_t>>& matrix) {
  Json::Array rows;
  for (const auto& row : matrix) rows.emplace_back(Json::Array(row.begin(), row.end()));
  return rows;
}

// RFC 4180: quoted where it holds a separator.
std::string csv_text(const std::string& bytes) {
  const std::string text = to_utf8(bytes);
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

// Of all rows, in the order in which they come up: rows of several tasks have other numbers.
std::vector<std::string> columns_of(const std::vector<ReportRow>& rows) {
  std::vector<std::string> columns;
  for (const ReportRow& row : rows)
    for (const auto& [name, value] : row.values)
      if (std::ranges::find(columns, name) == columns.end()) columns.push_back(name);
  return columns;
}

std::string csv_number(const NamedValues& values, const std::string& column) {
  for (const auto& [name, value] : values)
    if (name == column && value) return Json(*value).dump();
  return {};
}

using MeansOver = std::map<std::string, int64_t>;

// " (N = 80)" behind a mean over classes.
std::string num_classes(const std::string& name, const MeansOver& means_over) {
  const auto found = means_over.find(name);
  return found == means_over.end() ? "" : format(" (N = {})", found->second);
}

std::string lines_of(const NamedValues& values, const MeansOver& means_over = {}) {
  std::string text;
  size_t width = 0;
  for (const auto& [name, value] : values) width = std::max(width, name.size() + num_classes(name, means_over).size());
  for (const auto& [name, value] : values)
    text += format("  {:<{}}  {}\n", name + num_classes(name, means_over), width, shown(value));
  return text;
}

// With the interval of each.
std::string lines_of(const Bootstrap& bootstrap, const MeansOver& means_over) {
  size_t width = 0;
  for (const SampledValue& value : bootstrap.values)
    width = std::max(width, value.name.size() + num_classes(value.name, means_over).size());
  std::string text;
  for (const auto& [name, value, better, samples] : bootstrap.values) {
    const std::optional<Interval> interval = interval_of(samples, kConfidence);
    text += format("  {:<{}}  {}{}\n", name + num_classes(name, means_over), width, shown(value),
                   interval ? format("  [{:.6g}, {:.6g}]", interval->low, interval->high) : "");
  }
  return text + format(
                    "in brackets: {:.0f} % bootstrap confidence intervals, images drawn anew; none where a drawing has "
                    "nothing to measure\n",
                    kConfidence * 100);
}

Json json_of(const std::map<std::string, int64_t>& counts) {
  Json json = Json::object();
  for (const auto& [name, count] : counts) json.set(name, count);
  return json;
}

Json json_of(const NamedValues& values) {
  Json json = Json::object();
  for (const auto& [name, value] : values) json.set(name, json_of(value));
  return json;
}

}  // namespace

NamedValues named_values(const std::vector<MetricValue>& values) {
  NamedValues named;
  for (const MetricValue& v : values) named.emplace_back(v.name, v.value);
  return named;
}

std::string report_table(const Report& report) {
  const std::string protocol = report.protocol.empty() ? "rules" : "protocol " + report.protocol;
  std::string text = format("{}: {}\n{}: {}\n", report.task, counted(report.images, "image"), protocol, report.rules);
  for (const auto& [name, value] : report.model) text += format("{}: {}\n", name, value);
  if (!report.unit.empty()) text += format("numbers: {}\n", report.unit);
  if (!report.means_over.empty()) text += "N: classes that a mean is over\n";
  text += report.bootstrap ? lines_of(*report.bootstrap, report.means_over) : lines_of(report.metrics, report.means_over);
  for (const Variant& v : report.variants) text += format("  {} by protocol {}: {}\n", v.metric, v.protocol, shown(v.value));
  if (!report.losses.empty()) text += "losses\n" + lines_of(report.losses);
  if (!report.blind.empty()) text += "without looking at the images\n" + lines_of(report.blind);
  for (const std::string& note : report.notes) text += format("note: {}\n", note);
  return text;
}

std::string report_json(const Report& report) {
  Json::Array variants, notes;
  for (const Variant& variant : report.variants) variants.push_back(json_of(variant));
  for (const std::string& note : report.notes) notes.emplace_back(note);
  Json json = Json::object();
  json.set("task", report.task).set("protocol", report.protocol).set("rules", report.rules).set("images", report.images);
  if (!report.image_hash.empty()) json.set("image_hash", report.image_hash);
  if (!report.unit.empty()) json.set("unit", report.unit);
  if (!report.means_over.empty()) json.set("classes_in_means", json_of(report.means_over));
  if (!report.model.empty()) {
    Json model = Json::object();
    for (const auto& [name, value] : report.model) model.set(name, value);
    json.set("model", std::move(model));
  }
  if (!report.losses.empty()) json.set("losses", json_of(report.losses));
  if (!report.blind.empty()) json.set("without_looking", json_of(report.blind));
  json.set("metrics", json_of(report.metrics)).set("variants", variants).set("per_class", json_of(report.per_class));
  if (report.bootstrap) json.set("bootstrap", json_of(*report.bootstrap));
  if (!report.per_image.empty()) json.set("per_image", json_of(report.per_image));
  if (!report.confusion.empty()) json.set("confusion", json_of(report.confusion));
  return json.set("notes", notes).dump(2) + "\n";
}

std::string report_csv(const Report& report) {
  const auto& rows = report.per_image.empty() ? report.per_class : report.per_image;
  const std::vector<std::string> columns = columns_of(rows);
  std::string text = "id,name";
  for (const std::string& column : columns) text += "," + csv_text(column);
  text += "\n";
  for (const ReportRow& row : rows) {
    text += format("{},{}", row.id, csv_text(row.name));
    for (const std::string& column : columns) text += "," + csv_number(row.values, column);
    text += "\n";
  }
  return text;
}

}  // namespace glid
