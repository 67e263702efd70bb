// What a run's folder tells, at whatever moment of the run it is read (no LibTorch).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "glid/core/json.h"
#include "glid/core/lock_owner.h"
#include "glid/formats/image.h"

namespace glid {

// What log.txt says, of all times that the run was started.
struct RunLogRecord {
  struct Start {
    std::string time, command, environment;  // as the log has them
  };
  std::vector<Start> starts;
  std::vector<std::string> load_reports;  // which weights were loaded, resized, missing, ..
  std::string data;                       // how many images, steps and epochs; the last one said
  std::vector<std::string> warnings;      // each once
  std::string end;                        // the last start's last word; empty where it goes on or was killed
};

// A report of glid_eval under the name of its file.
struct NamedReport {
  std::string name;  // "eval", "eval_flip"
  Json report;
};

struct RunRecord {
  std::string name;
  std::filesystem::path folder;
  bool is_report_alone = false;                             // a file in the place of a folder
  std::vector<Json> metrics;                                // the whole lines of metrics.jsonl
  int64_t damaged_lines = 0;                                // of it
  std::string config_text;                                  // config.yaml, every key; empty where there is none
  std::vector<std::pair<std::string, std::string>> config;  // full path of each key and its value
  RunLogRecord log;
  std::optional<LockState> lock;  // nothing: no process has the folder
  std::string lock_owner;         // "process 17 on HOST"; empty where the lock doesn't tell
  std::string checkpoint;         // the newest, "step_00000100"; empty: none
  std::optional<Json> state;      // its state.json
  std::vector<NamedReport> reports;
  std::vector<NamedReport> data_checks;  // of glid_data check
  std::filesystem::path picture;         // the newest; empty: none
  std::vector<std::string> left_out;     // files that could not be read, and why

  // The value of a key of the configuration; empty where it has none.
  std::string setting(const std::string& key) const;
};

// Reads a run's folder: config.yaml, metrics.jsonl, log.txt, checkpoints, pictures, reports of evaluations in eval*.json and
// of data in data*.json; what isn't there yet is left empty. A file instead is a report of glid_eval, of a run that isn't at
// hand. The name is the folder's (the file's without .json) unless one is given. Throws UsageError and DataError.
RunRecord read_run(const std::filesystem::path& place, const std::string& name = {});

}  // namespace glid
