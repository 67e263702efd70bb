// What the configurations differ in.
#include <algorithm>

#include "glid/core/format.h"
#include "run_values.h"
#include "sections.h"

namespace glid {
namespace {

// Keys of all runs, each once, in the order of the first that has it.
std::vector<std::string> keys_of(Runs runs) {
  std::vector<std::string> keys;
  for (const RunRecord& run : runs)
    for (const auto& [key, value] : run.config) add_once(keys, key);
  return keys;
}

// Among the runs that have a configuration. Where a run lies is its name here.
bool is_different(Runs runs, const std::string& key) {
  if (key == "out") return false;
  std::vector<std::string> values;
  for (const RunRecord& run : runs)
    if (!run.config.empty()) values.push_back(run.setting(key));
  return std::ranges::any_of(values, [&](const std::string& value) { return value != values.front(); });
}

Html differences_of(Runs runs) {
  HtmlTable table{.caption = "Keys that the configurations differ in", .head = run_columns(runs, "key")};
  for (const std::string& key : keys_of(runs)) {
    if (!is_different(runs, key)) continue;
    std::vector<Html> row{html_element("code", html_name(key))};
    for (const RunRecord& run : runs) row.push_back(html_name(run.setting(key)));
    table.rows.push_back(std::move(row));
  }
  if (table.rows.empty()) return html_element("p", "The configurations are equal, but for where the runs lie.");
  return html_table(table);
}

}  // namespace

Html config_section(Runs runs) {
  Html files;
  for (const RunRecord& run : runs) {
    if (run.config_text.empty()) continue;
    const std::string name = format("config.yaml of {}", run.name);
    files += html_details(name, html_pre(name, run.config_text));
  }
  if (files.is_empty()) return {};
  return html_section("configuration", "Configuration", (runs.size() > 1 ? differences_of(runs) : Html()) + files);
}

}  // namespace glid
