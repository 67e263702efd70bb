// One page of one or several runs: glid_report RUN... --out report.html
#include "command_line.h"
#include "glid/core/temporaries.h"
#include "glid/report/report_page.h"

int main(int argc, char** argv) {
  glid::ReportArguments arguments;
  CLI::App app("Makes one page of runs and evaluations, to look at and to send (docs/report.md)", "glid_report");
  glid::add_words(app, {.example = "glid_report runs/baseline ours=runs/swinb --out report.html"});
  glid::path_option(app, "RUN", arguments.runs, "folders of runs, or files of glid_eval --json; NAME=RUN gives a name");
  glid::path_option(app, "--out", arguments.out, "file to write: .html");
  app.add_flag("--epochs", arguments.page.over_epochs, "curves over epochs in the place of steps");
  if (const auto code = glid::parse_command_line(app, argc, argv)) return *code;
  return glid::run_program("glid_report", [&] {
    glid::remove_temporaries_on_signals();
    return glid::run_report_program(arguments);
  });
}
