#include "report_groups.h"

#include <algorithm>

#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "svg_chart.h"

namespace glid {
namespace {

ReportGroup group_of(const Json& report) {
  return {report.at("task").as_string(),
          report.at("protocol").as_string(),
          report.at("rules").as_string(),
          report.at("images").as_int(),
          {}};
}

bool are_alike(const ReportGroup& a, const ReportGroup& b) {
  return a.task == b.task && a.protocol == b.protocol && a.rules == b.rules && a.images == b.images;
}

std::string column_name(const RunRecord& run, const NamedReport& report) {
  return run.reports.size() == 1 ? run.name : format("{}: {}", run.name, report.name);
}

}  // namespace

std::string ReportGroup::title() const {
  return format("{}{}, {}", task, protocol.empty() ? "" : " by protocol " + protocol, counted(images, "image"));
}

std::vector<ReportGroup> report_groups(Runs runs) {
  std::vector<ReportGroup> groups;
  for (size_t i = 0; i < runs.size(); ++i)
    for (const NamedReport& report : runs[i].reports) {
      const ReportGroup own = group_of(report.report);
      auto group = std::ranges::find_if(groups, [&](const ReportGroup& other) { return are_alike(other, own); });
      if (group == groups.end()) group = groups.insert(group, own);
      group->columns.push_back({i, column_name(runs[i], report), &report.report});
    }
  return groups;
}

std::vector<Html> heads_of(const ReportGroup& group, Runs runs, std::string_view first) {
  std::vector<Html> heads{html_text(first)};
  for (const ReportColumn& column : group.columns)
    heads.push_back(svg_line_key(column.run, runs.size()) + html_name(column.name));
  return heads;
}

}  // namespace glid
