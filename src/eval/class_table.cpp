#include "glid/eval/class_table.h"

#include <algorithm>
#include <cctype>
#include <ranges>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/utf8.h"
#include "glid/metrics/metric_settings.h"

namespace glid {
namespace {

constexpr size_t kLongestName = 28;

using Rows = std::vector<ReportRow>;

bool are_digits(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_number_of(std::string_view kind, std::string_view name) {
  return name.starts_with(kind) && are_digits(name.substr(kind.size()));
}

// Which of a row's values are shown.
std::vector<size_t> columns_of(const ReportRow& row) {
  std::vector<size_t> columns;
  size_t last_recall = row.values.size();
  for (size_t i = 0; i < row.values.size(); ++i)
    if (is_number_of("AR", row.values[i].first)) last_recall = i;
  const bool is_ap = row.values.front().first == "AP";
  for (size_t i = 0; i < row.values.size(); ++i) {
    const std::string& name = row.values[i].first;
    const bool is_count = std::cmp_greater_equal(i, std::ssize(row.values) - row.num_counts);
    if (!is_ap || is_count || is_number_of("AP", name) || i == last_recall) columns.push_back(i);
  }
  return columns;
}

bool are_alike(const ReportRow& a, const ReportRow& b) {
  return std::ranges::equal(a.values | std::views::keys, b.values | std::views::keys);
}

// What has no number comes last.
void sort_rows(Rows& rows, ClassOrder order) {
  if (order == ClassOrder::kName) std::ranges::stable_sort(rows, {}, &ReportRow::name);
  if (order == ClassOrder::kValue)
    std::ranges::stable_sort(rows, [](const ReportRow& a, const ReportRow& b) {
      return a.values.front().second.value_or(-1) > b.values.front().second.value_or(-1);
    });
}

std::string cell(const ReportRow& row, size_t column) {
  const std::optional<double>& value = row.values[column].second;
  if (!value) return "n/a";
  const bool is_count = std::cmp_greater_equal(column, std::ssize(row.values) - row.num_counts);
  return format("{:.{}f}", *value, is_count ? 0 : 4);
}

// Characters, not bytes.
size_t width_of(const std::string& utf8) {
  return static_cast<size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string name_of(const ReportRow& row) {
  std::string name = printable(row.name);
  if (width_of(name) <= kLongestName) return name;
  while (width_of(name) > kLongestName - 2) name.pop_back();
  return to_utf8(name) + "..";
}

// Of rows with the same numbers.
std::string table_of(const Rows& rows) {
  const std::vector<size_t> columns = columns_of(rows.front());
  std::vector<size_t> widths;
  for (const size_t column : columns) {
    size_t width = rows.front().values[column].first.size();
    for (const ReportRow& row : rows) width = std::max(width, cell(row, column).size());
    widths.push_back(width);
  }
  size_t name_width = 5;
  for (const ReportRow& row : rows) name_width = std::max(name_width, width_of(name_of(row)));
  const auto padded = [&](const std::string& name) { return name + std::string(name_width - width_of(name), ' '); };
  std::string text = "  " + padded("class");
  for (size_t i = 0; i < columns.size(); ++i) text += format("  {:>{}}", rows.front().values[columns[i]].first, widths[i]);
  text += "\n";
  for (const ReportRow& row : rows) {
    text += "  " + padded(name_of(row));
    for (size_t i = 0; i < columns.size(); ++i) text += format("  {:>{}}", cell(row, columns[i]), widths[i]);
    text += "\n";
  }
  return text;
}

[[noreturn]] void fail_without_classes(std::string_view metric) {
  throw UsageError("--per-class", "is of classes, which this metric has none of", std::string(metric),
                   "--csv lists the images of depth");
}

}  // namespace

std::string class_table(const Report& report, ClassOrder order) {
  if (report.per_class.empty()) fail_without_classes(report.task);
  std::string text;
  for (auto first = report.per_class.begin(); first != report.per_class.end();) {
    const auto end =
        std::find_if(first, report.per_class.end(), [&](const ReportRow& row) { return !are_alike(*first, row); });
    Rows rows(first, end);
    sort_rows(rows, order);
    text += table_of(rows);
    first = end;
  }
  return text;
}

void require_class_table(std::string_view metric) {
  if (metric == DepthSettings::kName || metric == LossSettings::kName) fail_without_classes(metric);
}

}  // namespace glid
