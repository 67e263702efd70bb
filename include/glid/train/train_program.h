// The body of glid_train: command line to run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/write.h"
#include "glid/core/error.h"

namespace glid {

struct TrainArguments {
  std::filesystem::path config;
  std::vector<std::string> overrides;  // "a.b=v"
  std::optional<std::string> out;      // null: the configuration's
  std::string resume = "auto";         // auto, none, or a run or checkpoint folder
  bool dry_run = false, print_config = false;
  int num_ranks = 1;  // of a dry run, which is itself one process
  int profile = 0;    // updates to time; 0: none
  std::filesystem::path trace;  // of --profile
};

ExitCode run_train_program(const TrainArguments& arguments);

// Before ranks are started, so that a mistake is told once. Throws UsageError.
void check_config(const TrainArguments& arguments);

// Every key with type, default and meaning.
std::string config_help(const TrainArguments& arguments, const config::HelpOptions& options);

}  // namespace glid
