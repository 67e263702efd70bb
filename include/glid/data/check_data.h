// `glid_data check`: reads every file of a dataset before anyone trains on it, and tells what is there and what is wrong.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"
#include "glid/data/data_config.h"
#include "glid/data/inspection.h"

namespace glid {

struct SplitCheck {
  Split split = Split::kTrain;
  int64_t num_samples = 0;
  Vocabulary vocabulary;
  Inspection inspection;
};

struct DataCheck {
  DataConfig config;
  std::vector<SplitCheck> splits;

  int64_t num_wrong() const;  // findings that make training wrong
  int64_t num_legal() const;  // other findings
};

// Looks at one split or, without one, at training and validation, which a run needs both. A split that isn't there or can't
// be opened at all is one finding. The result doesn't depend on the number of threads.
DataCheck check_data(const DataConfig& config, std::optional<Split> split, int64_t num_threads);

// For the terminal: sizes, class tables and at most `max_lines` findings of one kind; the last line sums up.
std::string check_text(const DataCheck& check, int64_t max_lines = 20);
// {"dataset", "root", "wrong", "legal", "splits": [{"split", "images", "sizes", "classes", "depth", "findings"}]} with every
// finding.
std::string check_json(const DataCheck& check);

// What selects a dataset on a command line; --root and --set win over a configuration.
struct DataSelection {
  std::string config;                  // a configuration with a block `data`, or empty:
  std::string dataset, root;           // data.name and data.root
  std::vector<std::string> overrides;  // "data.a=v"
};
// Of a configuration only the block `data` is looked at. Throws UsageError.
DataConfig select_data(const DataSelection& selection);
// "train" or "val"; empty: none. Throws UsageError.
std::optional<Split> parse_split(const std::string& name);

// The images of a split, val if none is named. Throws DataError, which names the other split where only that is there.
std::shared_ptr<const AnnotatedDataset> open_split(const DataConfig& config, std::optional<Split> split);

// Keys of the block `data` with type, default and meaning, one a line.
std::string data_help();

// Prints the text, writes the JSON where a name is given; kData when training would be wrong.
ExitCode run_check(const DataConfig& config, std::optional<Split> split, int64_t num_threads,
                   const std::filesystem::path& json);

}  // namespace glid
