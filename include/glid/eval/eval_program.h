// What glid_eval does with its command line (no LibTorch).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "glid/core/error.h"

namespace glid {

struct EvalArguments {
  std::string task;
  std::filesystem::path results, annotations, results_dir, annotations_dir;
  std::string protocol;
  std::vector<std::string> overrides;  // "eval.key=value"
  std::filesystem::path json, csv, plots;
};

// Evaluates, prints the table and writes the files that were asked for. Throws UsageError and DataError.
ExitCode run_eval_program(const EvalArguments& arguments);

// Every setting with its type, default and meaning, and the protocols of every task.
ExitCode print_eval_help();

}  // namespace glid
