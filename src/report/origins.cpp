// Where runs come from: weights, data, commands and machines.
#include <algorithm>

#include "checks.h"
#include "glid/core/counted.h"
#include "glid/core/format.h"
#include "sections.h"

namespace glid {
namespace {

Html weights_of(const RunRecord& run) {
  if (run.config.empty()) return {};
  Html content = html_element("h3", html_name(run.name));
  for (const std::string& report : run.log.load_reports)
    content += html_pre("Weights that " + run.name + " began with", report);
  if (!run.log.load_reports.empty()) return content;
  const std::string from = run.setting("init.from");
  const bool is_random = from.empty() || from == "\"\"";
  return content + html_element("p", is_random ? format("Initial values from seed {}.", run.setting("seed"))
                                               : format("From {}; the log has no list of what was loaded.", from));
}

// Names and numbers of an object, one behind the other.
std::string facts_of(const Json& object) {
  std::string text;
  for (const auto& [name, value] : object.as_object())
    text += format("{}{} {}", text.empty() ? "" : ", ", name, value.dump());
  return text;
}

// "15 classes of objects, 17 joints" of what the newest checkpoint knows of its data.
std::string classes_of(const Json& vocabulary) {
  std::string text;
  for (const char* kind : kShownNames) {
    const Json* names = vocabulary.find(kind);
    if (names == nullptr || names->as_array().empty()) continue;
    const size_t count = names->as_array().size();
    if (!text.empty()) text += ", ";
    text += std::string_view(kind) == "joints" ? counted(count, "joint")
                                               : format("{} of {}", counted(count, "class", "classes"), kind);
  }
  return text;
}

Html class_counts(const Json& rows, const std::string& caption) {
  HtmlTable table{.caption = caption};
  for (const Json& row : rows.as_array()) {
    std::vector<Html> cells{html_name(row.at("name").as_string())};
    if (table.head.empty()) table.head.push_back(html_text("class"));
    for (const auto& [name, value] : row.as_object()) {
      if (name == "id" || name == "name") continue;
      if (table.rows.empty()) table.head.push_back(html_text(name));
      cells.push_back(html_number(value));
    }
    table.rows.push_back(std::move(cells));
  }
  return table.rows.empty() ? Html() : html_table(table);
}

Html split_of(const Json& split) {
  const std::string name = split.at("split").as_string();
  Html content = html_element("p", format("{}: {}, {}.", name, counted(split.at("images").as_int(), "image"),
                                          counted(split.at("findings").as_array().size(), "finding")));
  if (const Json* depth = split.find("depth"); depth != nullptr && depth->is_object() && !depth->as_object().empty())
    content += html_element("p", format("Depth of {} in metres: {}.", name, facts_of(*depth)));
  for (const auto& [kind, rows] : split.at("classes").as_object())
    content += class_counts(rows, format("{} of {}", kind, name));
  return content;
}

Html check_of(const RunRecord& run, const NamedReport& check) {
  Html content;
  for (const Json& split : check.report.at("splits").as_array()) content += split_of(split);
  return html_details(format("{}: {} by glid_data check", run.name, check.report.at("dataset").as_string()), content);
}

std::vector<std::string> data_lines(const RunRecord& run) {
  std::vector<std::string> lines;
  if (!run.log.data.empty()) lines.push_back(run.log.data);
  const Json* dataset = run.state ? run.state->find("dataset") : nullptr;
  if (dataset != nullptr) lines.push_back("fingerprint of the training data: " + facts_of(*dataset));
  const Json* vocabulary = run.state ? run.state->find("vocabulary") : nullptr;
  const std::string classes = vocabulary != nullptr ? classes_of(*vocabulary) : "";
  if (!classes.empty()) lines.push_back(classes);
  return lines;
}

Html starts_of(const RunRecord& run) {
  Html items;
  for (const auto& [time, command, environment] : run.log.starts)
    items += html_element("li", html_text(time + " ") + html_element("code", html_name(command)) + html_void("br", {}) +
                                    html_text(environment));
  return items.is_empty() ? items : html_element("ol", items);
}

}  // namespace

Html weights_section(Runs runs) {
  Html content;
  for (const RunRecord& run : runs) content += weights_of(run);
  return html_section("weights", "Weights at the start", content);
}

Html data_section(Runs runs) {
  Html content;
  for (const RunRecord& run : runs) {
    const Html lines = html_list(data_lines(run));
    if (!lines.is_empty()) content += html_element("h3", html_name(run.name)) + lines;
    for (const NamedReport& check : run.data_checks) content += check_of(run, check);
  }
  return html_section("data", "Data", content);
}

Html environment_section(Runs runs) {
  Html content;
  for (const RunRecord& run : runs) {
    const Html starts = starts_of(run);
    if (!starts.is_empty()) content += html_element("h3", html_name(run.name)) + starts;
    if (!run.log.warnings.empty())
      content += html_details(format("{} in the log of {}", counted(run.log.warnings.size(), "warning"), run.name),
                              html_list(run.log.warnings));
  }
  return html_section("environment", "Commands and machines", content);
}

}  // namespace glid
