// What glid_eval does with its command line (no LibTorch).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/eval/report.h"

namespace glid {

struct EvalArguments {
  std::string task;
  std::filesystem::path results, annotations, results_dir, annotations_dir;
  std::string protocol;
  std::vector<std::string> overrides;  // "eval.key=value"
  std::filesystem::path json, csv, plots;
};

// Throws UsageError where one of them, unless it is empty, can't be written.
void require_places(const std::filesystem::path& json, const std::filesystem::path& csv, const std::filesystem::path& plots);
// Prints the table and writes the files that are not empty.
void write_reports(const Report& report, const std::filesystem::path& json, const std::filesystem::path& csv);

// Evaluates, prints the table and writes the files that were asked for. Throws UsageError and DataError.
ExitCode run_eval_program(const EvalArguments& arguments);

// Every setting with its type, default and meaning, and the protocols of every task.
ExitCode print_eval_help();

}  // namespace glid
