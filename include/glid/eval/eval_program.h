// What glid_eval does with its command line (no LibTorch).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/eval/class_table.h"
#include "glid/eval/report.h"

namespace glid {

struct EvalArguments {
  std::string task;
  std::filesystem::path results, annotations, results_dir, annotations_dir;
  std::string protocol;
  std::vector<std::string> overrides;  // "eval.key=value"
  std::filesystem::path json, csv, plots;
  std::string per_class;  // data, name or value; empty: no table of classes
  int64_t bootstrap = 0;  // samples of the images; 0: none
  std::vector<std::filesystem::path> compared;  // two reports: nothing is evaluated
};

// Throws UsageError where one of them, unless it is empty, can't be written.
void require_places(const std::filesystem::path& json, const std::filesystem::path& csv, const std::filesystem::path& plots);
// Prints the table, and that of the classes where asked, and writes the files that are not empty.
void write_reports(const Report& report, const std::filesystem::path& json, const std::filesystem::path& csv,
                   std::optional<ClassOrder> per_class);
// None for an empty text. Throws UsageError for another one that is no order, or where the metric never has classes.
std::optional<ClassOrder> class_order(const std::string& per_class, std::string_view metric);

// Evaluates or compares, prints the table and writes the files that were asked for. Throws UsageError and DataError.
ExitCode run_eval_program(const EvalArguments& arguments);

// Settings of an evaluation of files with their type, default and meaning.
std::string eval_help(const config::HelpOptions& options);
// Prints them and, where all are wanted, the protocols of every task.
ExitCode print_eval_help(const config::HelpOptions& options);

}  // namespace glid
