#include "glid/report/report_page.h"

#include <utility>

#include "glid/core/format.h"
#include "glid/core/join.h"
#include "glid/viz/line_pattern.h"
#include "number_names.h"
#include "page_style.h"
#include "sections.h"

namespace glid {
namespace {

// Nothing is loaded from anywhere, and no script runs, whatever is in the runs' names.
constexpr const char* kPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

std::string line_colors() {
  std::string style;
  for (size_t n = 0; n < kNumLineColors; ++n) {
    const auto& [red, green, blue] = pattern_of_line(n, 1).color;
    const std::string color = format("rgb({} {} {})", red, green, blue);
    style +=
        format(".line.l{0} {{ stroke: {1}; }} .dot.l{0} {{ fill: {1}; }} .fill.l{0} {{ background: {1}; }}\n", n, color);
  }
  return style;
}

struct Part {
  const char* id;
  const char* name;
  Html content;
};

std::vector<Part> parts_of(Runs runs, const PageOptions& options) {
  const CurveAxis axis = options.over_epochs ? CurveAxis::kEpochs : CurveAxis::kSteps;
  return {{"runs", "Runs", overview_section(runs)},
          {"curves", "Curves", curves_section(runs, axis)},
          {"validation", "Validation", validation_section(runs)},
          {"evaluation", "Evaluation", evaluation_section(runs)},
          {"classes", "Classes", class_section(runs)},
          {"names", "Names", names_section(runs)},
          {"pictures", "Pictures", picture_section(runs)},
          {"configuration", "Configuration", config_section(runs)},
          {"weights", "Weights", weights_section(runs)},
          {"data", "Data", data_section(runs)},
          {"environment", "Machines", environment_section(runs)}};
}

Html links_of(const std::vector<Part>& parts) {
  Html items;
  for (const Part& part : parts) {
    if (part.content.is_empty()) continue;
    const Html link = html_element("a", {{"href", format("#{}", part.id)}}, html_text(part.name));
    items += html_element("li", link);
  }
  return html_element("nav", {{"aria-label", "Parts of the page"}}, html_element("ul", items));
}

std::string title_of(Runs runs) {
  std::vector<std::string> names;
  for (const RunRecord& run : runs) names.push_back(run.name);
  return join(names, ", ");
}

Html head_of(const std::string& title) {
  return html_element("head",
                      html_void("meta", {{"charset", "utf-8"}}) +
                          html_void("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", kPolicy}}) +
                          html_void("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}}) +
                          html_void("link", {{"rel", "icon"}, {"href", "data:,"}}) + html_element("title", title) +
                          Html{format("<style>{}{}</style>", kPageStyle, line_colors())});
}

}  // namespace

std::string report_page(const std::vector<RunRecord>& runs, const PageOptions& options) {
  const std::string title = title_of(runs);
  const std::vector<Part> parts = parts_of(runs, options);
  Html main = opening(runs, options.made_at);
  for (const Part& part : parts) main += part.content;
  const Html skip = html_element("a", {{"class", "skip"}, {"href", "#main"}}, html_text("To the content"));
  const Html head = html_element("header", html_element("h1", html_name(title)) + links_of(parts));
  // With a place for the focus, so that the next Tab goes on from there.
  const Html body = html_element("body", skip + head + html_element("main", {{"id", "main"}, {"tabindex", "-1"}}, main));
  return "<!DOCTYPE html>\n" + html_element("html", {{"lang", "en"}}, head_of(title) + body).markup + "\n";
}

}  // namespace glid
