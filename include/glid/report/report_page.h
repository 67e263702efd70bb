// The page of one or several runs: one file without scripts that needs nothing beside it (no LibTorch).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/report/run_record.h"

namespace glid {

struct PageOptions {
  bool over_epochs = false;  // curves over epochs in the place of steps
  std::string made_at;       // date and time that the page tells; empty: none
};

// HTML. Runs have the order and the colours of the list; every number of their files stands in the attribute `value` of a
// <data> as the file has it. The same files make the same bytes.
std::string report_page(const std::vector<RunRecord>& runs, const PageOptions& options = {});

struct ReportArguments {
  std::vector<std::string> runs;  // folders of runs or reports of glid_eval, each as PLACE or NAME=PLACE
  std::filesystem::path out;
  PageOptions page;
};

// Reads the runs and writes the page. Throws UsageError for what is no run, two runs of one name and a place that can't be
// written to, DataError for a report that can't be read.
ExitCode run_report_program(const ReportArguments& arguments);

}  // namespace glid
