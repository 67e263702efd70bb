// The first number of every class as bars, the runs beside each other.
#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "glid/viz/line_pattern.h"
#include "report_groups.h"

namespace glid {
namespace {

constexpr size_t kMostOpen = 40;  // classes of a table that is shown without being asked for

// Of several tasks one id is several classes: semantic.cat, panoptic.cat.
using ClassKey = std::pair<int64_t, std::string>;
using ByClass = std::map<ClassKey, const Json*>;  // a report's rows

ClassKey key_of(const Json& row) { return {row.at("id").as_int(), row.at("name").as_string()}; }

const Json::Array* classes_of(const Json& report) {
  const Json* classes = report.find("per_class");
  return classes != nullptr && !classes->is_null() && !classes->as_array().empty() ? &classes->as_array() : nullptr;
}

ByClass by_class(const Json& report) {
  ByClass rows;
  if (const Json::Array* classes = classes_of(report))
    for (const Json& row : *classes) rows.emplace(key_of(row), &row);
  return rows;
}

// "AP", "IoU", "PQ": the first member behind id and name.
std::string number_name(const Json& row) {
  for (const auto& [name, value] : row.as_object())
    if (name != "id" && name != "name") return name;
  return {};
}

Html bar_of(const Json& value, size_t run) {
  if (value.is_null()) return html_number(value);
  const double percent = std::clamp(value.as_double(), 0.0, 1.0) * 100;
  const Html fill =
      html_element("span", {{"class", format("fill l{}", run)}, {"style", format("width:{:.1f}%", percent)}}, Html());
  const Html bar = html_element("span", {{"class", "bar"}, {"aria-hidden", "true"}}, fill);
  return html_element("span", {{"class", "whole"}}, bar + html_number(value));
}

std::vector<Html> row_of(const Json& row, const std::string& number, const ReportGroup& group,
                         const std::vector<ByClass>& columns) {
  std::vector<Html> cells{html_name(row.at("name").as_string())};
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto found = columns[c].find(key_of(row));
    const Json* value = found == columns[c].end() ? nullptr : found->second->find(number);
    cells.push_back(value != nullptr ? bar_of(*value, group.columns[c].run % kNumLineColors) : Html());
  }
  return cells;
}

// Of classes with the same numbers.
Html table_of(const std::vector<const Json*>& classes, const std::string& number, const ReportGroup& group,
              std::vector<Html> heads, const std::vector<ByClass>& columns) {
  HtmlTable table{.caption = format("{} of each class: {}", number, group.title()), .head = std::move(heads)};
  for (const Json* row : classes) table.rows.push_back(row_of(*row, number, group, columns));
  return html_details(format("{}: {} of {}", group.title(), number, counted(classes.size(), "class", "classes")),
                      html_table(table), classes.size() <= kMostOpen);
}

// A row each of all classes that one of the reports has, in tables of their numbers.
Html bars_of(const ReportGroup& group, Runs runs) {
  std::vector<ByClass> columns;
  std::vector<std::pair<std::string, std::vector<const Json*>>> tables;  // by the number
  std::set<ClassKey> known;
  for (const ReportColumn& column : group.columns) {
    columns.push_back(by_class(*column.report));
    const Json::Array* classes = classes_of(*column.report);
    for (size_t i = 0; classes != nullptr && i < classes->size(); ++i) {
      const Json& row = (*classes)[i];
      if (!known.insert(key_of(row)).second) continue;
      const std::string number = number_name(row);
      auto table = std::ranges::find(tables, number, [](const auto& other) { return other.first; });
      if (table == tables.end()) table = tables.insert(table, {number, {}});
      table->second.push_back(&row);
    }
  }
  Html content;
  for (const auto& [number, classes] : tables)
    content += table_of(classes, number, group, heads_of(group, runs, "class"), columns);
  return content;
}

}  // namespace

Html class_section(Runs runs) {
  Html content;
  for (const ReportGroup& group : report_groups(runs)) content += bars_of(group, runs);
  return html_section("classes", "Classes", content);
}

}  // namespace glid
