// What the page is, for somebody who was sent it.
#include <algorithm>

#include "glid/core/counted.h"
#include "glid/core/environment.h"
#include "glid/core/format.h"
#include "glid/core/join.h"
#include "number_names.h"

namespace glid {
namespace {

// "ours (detection), theirs (an evaluation alone)".
std::string list_of(Runs runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) {
    const std::string task = run.is_report_alone ? "an evaluation alone" : run.setting("task.name");
    names.push_back(task.empty() ? run.name : format("{} ({})", run.name, task));
  }
  return join(names, ", ");
}

std::string shown_runs(Runs runs) {
  const auto alone = std::ranges::count_if(runs, &RunRecord::is_report_alone);
  const auto others = std::ssize(runs) - alone;
  if (alone == 0) return counted(others, "run");
  const std::string evaluations = counted(alone, "evaluation");
  return others == 0 ? evaluations : format("{} and {}", counted(others, "run"), evaluations);
}

}  // namespace

Html opening(Runs runs, const std::string& made_at) {
  Html words = html_text(format(
      "This page shows {} of models that learn from images with GLID: {}. Below stand how far the runs are and how they "
      "learned, what validations and evaluations measured, what the models make of images, and where all that comes "
      "from. A run has the same colour everywhere.",
      shown_runs(runs), list_of(runs)));
  if (!names_section(runs).is_empty())
    words += html_text(" Behind the name of a number \u2191 says that more is better, \u2193 that less is; ") +
             html_element("a", {{"href", "#names"}}, html_text("what the names stand for")) +
             html_text(". Numbers have four digits; their tooltips, and the attribute value of their elements, have all.");
  const std::string when = made_at.empty() ? "" : format(" on {}", made_at);
  return html_element("p", words) +
         html_element("p", format("Made{} by glid_report {} of what the files said then.", when, version_text()));
}

}  // namespace glid
