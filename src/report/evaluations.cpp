// Tables of glid_eval's reports, with what they say of each other.
#include <algorithm>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/eval/comparison.h"
#include "glid/eval/report.h"
#include "number_names.h"
#include "report_groups.h"
#include "run_values.h"

namespace glid {
namespace {

Html interval_text(const SampledValue& value) {
  const std::optional<Interval> interval = interval_of(value.samples, kConfidence);
  if (!interval) return {};
  return html_element(
      "small", html_text("[") + html_number(interval->low) + html_text(", ") + html_number(interval->high) + html_text("]"));
}

Html difference_text(const MetricDifference& d) {
  if (!d.difference) return {};
  const char* kind = !d.is_significant() ? "difference" : d.is_better() ? "difference better" : "difference worse";
  return html_element("small", {{"class", kind}}, html_text(shown_difference(d)));
}

// A report beside the first one.
struct Compared {
  Bootstrap found;
  std::vector<MetricDifference> differences;
  std::string note;  // why there are none, or why they may mean nothing
};

Compared compared(const ReportColumn& first, const ReportColumn& other) {
  Compared result{.found = bootstrap_of(*other.report)};
  if (first.report == other.report) return result;
  try {
    result.differences = report_differences(*first.report, *other.report);
  } catch (const DataError& error) {
    result.note = format("no differences of {} and {}: {}", other.name, first.name, error.what());
    return result;
  }
  if (const auto doubts = comparison_doubts(*other.report, *first.report); !doubts.empty())
    result.note = format("{} and {}: {}", other.name, first.name, join(doubts, "; "));
  return result;
}

void add_names(std::vector<std::string>& names, const Json* values) {
  if (values == nullptr) return;
  for (const auto& [name, value] : values->as_object()) add_once(names, name);
}

std::vector<std::string> names_of(const ReportGroup& group, const char* member) {
  std::vector<std::string> names;
  for (const ReportColumn& column : group.columns) add_names(names, column.report->find(member));
  return names;
}

// Of how many classes a report's mean is; nothing for what is no such mean.
std::optional<int64_t> classes_in(const Json& report, const std::string& metric) {
  const Json* classes = report.find("classes_in_means");
  const Json* count = classes != nullptr ? classes->find(metric) : nullptr;
  return count != nullptr ? std::optional(count->as_int()) : std::nullopt;
}

// Of all columns, if they agree.
std::optional<int64_t> classes_in_all(const ReportGroup& group, const std::string& metric) {
  const auto first = classes_in(*group.columns[0].report, metric);
  const bool agree = std::ranges::all_of(
      group.columns, [&](const ReportColumn& column) { return classes_in(*column.report, metric) == first; });
  return agree ? first : std::nullopt;
}

// With of how many classes a mean is, and whether more is better.
std::string label_of(const ReportGroup& group, const std::string& metric) {
  const auto count = classes_in_all(group, metric);
  return metric + (count ? format(" (N = {})", *count) : "") + arrow_of(metric);
}

Html cell_of(const Compared& column, const Json& report, const std::string& metric) {
  const auto value = std::ranges::find(column.found.values, metric, &SampledValue::name);
  if (value == column.found.values.end()) return {};
  Html cell = html_number(value->value) + interval_text(*value);
  const auto difference = std::ranges::find(column.differences, metric, &MetricDifference::name);
  if (difference != column.differences.end()) cell += difference_text(*difference);
  const Html blind = html_number(report.find(kWithoutLooking), metric);
  return blind.is_empty() ? cell : cell + html_element("small", html_text("without looking ") + blind);
}

void add_losses(HtmlTable& table, const ReportGroup& group) {
  for (const std::string& name : names_of(group, "losses")) {
    std::vector<Html> row{html_name(readable_name(name) + arrow_of("loss"))};
    for (const ReportColumn& column : group.columns) row.push_back(html_number(column.report->find("losses"), name));
    table.rows.push_back(std::move(row));
  }
}

// Which model the numbers below are of, where a report says it.
void add_models(HtmlTable& table, const ReportGroup& group) {
  const auto has_model = [](const ReportColumn& column) { return column.report->find("model") != nullptr; };
  if (std::ranges::none_of(group.columns, has_model)) return;
  std::vector<Html> steps{html_text("step")}, weights{html_text("weights")};
  for (const ReportColumn& column : group.columns) {
    const auto step = evaluated_step(*column.report);
    steps.push_back(step ? html_number(Json(*step)) : html_text("not said"));
    weights.push_back(html_text(model_fact(*column.report, "weights")));
  }
  table.rows.push_back(std::move(steps));
  table.rows.push_back(std::move(weights));
}

HtmlTable table_of(const ReportGroup& group, Runs runs, const std::vector<Compared>& columns) {
  HtmlTable table{.caption = group.title(), .head = heads_of(group, runs, "number")};
  add_models(table, group);
  for (const std::string& metric : names_of(group, "metrics")) {
    std::vector<Html> row{html_name(label_of(group, metric))};
    for (size_t c = 0; c < columns.size(); ++c) {
      const Json& report = *group.columns[c].report;
      row.push_back(cell_of(columns[c], report, metric));
      if (const auto count = classes_in(report, metric); count && !classes_in_all(group, metric))
        row.back() += html_element("small", format("N = {}", *count));
    }
    table.rows.push_back(std::move(row));
  }
  add_losses(table, group);
  return table;
}

// What was evaluated, and what was odd in it.
Html origins_of(const ReportGroup& group) {
  std::vector<std::string> lines;
  for (const ReportColumn& column : group.columns) {
    if (const Json* model = column.report->find("model"))
      for (const auto& [name, value] : model->as_object())
        lines.push_back(format("{}: {}: {}", column.name, name, value.as_string()));
    if (const Json* notes = column.report->find("notes"))
      for (const Json& note : notes->as_array()) lines.push_back(format("{}: note: {}", column.name, note.as_string()));
  }
  return lines.empty() ? Html() : html_details("What was evaluated", html_list(lines));
}

std::string words_of(const ReportGroup& group, const std::vector<Compared>& columns) {
  std::string text = group.rules + ".";
  if (const Json* unit = group.columns[0].report->find("unit")) text += format(" Numbers: {}.", unit->as_string());
  const bool has_samples = std::ranges::any_of(
      columns, [](const Compared& c) { return !c.found.values.empty() && !c.found.values[0].samples.empty(); });
  text += has_samples
              ? format(" In brackets: {:.0f} % bootstrap confidence intervals, images drawn anew.", kConfidence * 100)
              : std::string(" No intervals: glid_eval --bootstrap 1000 --json FILE writes what they need.");
  if (columns.size() > 1) text += format(" Differences are to {}.", group.columns[0].name);
  return text;
}

Html group_of(const ReportGroup& group, Runs runs) {
  std::vector<Compared> columns;
  std::vector<std::string> notes;
  for (const ReportColumn& column : group.columns) {
    columns.push_back(compared(group.columns[0], column));
    if (!columns.back().note.empty()) notes.push_back(columns.back().note);
  }
  return html_element("h3", group.title()) + html_element("p", words_of(group, columns)) +
         html_table(table_of(group, runs, columns)) + html_list(notes) + origins_of(group);
}

}  // namespace

Html evaluation_section(Runs runs) {
  Html content;
  for (const ReportGroup& group : report_groups(runs)) content += group_of(group, runs);
  if (!content.is_empty()) content = html_list(notes_of_old_evaluations(runs)) + content;
  return html_section("evaluation", "Evaluation", content);
}

}  // namespace glid
