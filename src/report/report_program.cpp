#include <algorithm>
#include <array>
#include <ctime>

#include "glid/core/counted.h"
#include "glid/core/files.h"
#include "glid/core/home.h"
#include "glid/core/log.h"
#include "glid/core/output_place.h"
#include "glid/report/report_page.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

// NAME=PLACE, unless that is itself the name of something. Shells leave a ~ after a = as it is.
RunRecord read_argument(const std::string& argument) {
  const size_t sign = argument.find('=');
  if (sign == std::string::npos || sign == 0 || fs::exists(argument)) return read_run(argument);
  const std::string place = argument.substr(sign + 1);
  if (place.empty()) throw UsageError(argument, "names no run", {}, argument + "RUN gives the run in the folder RUN a name");
  return read_run(fs::exists(place) ? place : expand_home(place).value_or(place), argument.substr(0, sign));
}

void require_other_names(const std::vector<RunRecord>& runs, const RunRecord& run) {
  const auto same = std::ranges::find(runs, run.name, &RunRecord::name);
  if (same == runs.end()) return;
  throw UsageError(run.folder.string(), "has the name of another run: " + same->folder.string(), run.name,
                   "NAME=" + run.folder.string() + " gives it one");
}

void require_page(const fs::path& out) {
  if (out.empty()) throw UsageError("--out", "is missing", {}, "--out report.html");
  if (out.extension() != ".html") throw UsageError("--out", "must end in .html", out.string());
  require_file("--out", out);
}

// "2026-01-31 12:34 UTC".
std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm local{};
  std::array<char, 64> text{};
  localtime_r(&seconds, &local);
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M %Z", &local)};
}

}  // namespace

ExitCode run_report_program(const ReportArguments& arguments) {
  if (arguments.runs.empty())
    throw UsageError("glid_report", "wants at least one run", {}, "glid_report RUN... --out report.html");
  require_page(arguments.out);
  std::vector<RunRecord> runs;
  for (const std::string& argument : arguments.runs) {
    RunRecord run = read_argument(argument);
    require_other_names(runs, run);
    runs.push_back(std::move(run));
  }
  PageOptions options = arguments.page;
  options.made_at = now();
  const std::string page = report_page(runs, options);
  write_output(arguments.out, page);
  log_info("wrote {}: {}, {} KiB", arguments.out.string(), counted(runs.size(), "run"), (page.size() + 1023) / 1024);
  return ExitCode::kDone;
}

}  // namespace glid
