// Checkpoints: folders that are complete and checksummed or not there.
//
//   checkpoints/step_00000100/{model,optimizer[,ema]}.safetensors, state.json, config.yaml
#pragma once

#include <ATen/core/Tensor.h>

#include <atomic>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "glid/core/json.h"
#include "glid/dist/named_tensors.h"

namespace glid {

// The tensor files of a checkpoint by stem: {"model", ...}, {"optimizer", ...}, maybe {"ema", ...}.
using TensorFiles = std::vector<std::pair<std::string, NamedTensors>>;

struct CheckpointContent {
  int64_t step = 0;
  TensorFiles tensors;
  Json state;          // an object; the files' checksums are added
  std::string config;  // resolved YAML
};

struct CheckpointPolicy {
  int64_t keep = 2;
  int64_t milestone_steps = 0;
};

// Writes in a thread of its own, one checkpoint at a time, and removes what the policy no longer keeps.
class CheckpointWriter {
 public:
  CheckpointWriter(std::filesystem::path run_folder, const CheckpointPolicy& policy);
  ~CheckpointWriter();  // waits; an error is then lost: call wait() first
  CheckpointWriter(const CheckpointWriter&) = delete;
  CheckpointWriter& operator=(const CheckpointWriter&) = delete;

  // Copies the tensors at once, then writes in the background. Waits for the one before it first.
  void write(const CheckpointContent& content);
  // The checkpoint of `step` stays until another is the best. Waits for the write under way if it is another one.
  void mark_best(int64_t step);
  // The run goes on from `step` because those behind it are damaged: they take no place of those that are kept.
  void pass_over_later_than(int64_t step);
  // Throws what a write threw that has ended; doesn't wait.
  void check();
  // Waits for the write under way; throws what it threw.
  void wait();

 private:
  void remove_old() const;

  std::filesystem::path folder_;
  CheckpointPolicy policy_;
  int64_t best_step_ = -1;         // changes only while nothing is being written
  std::set<int64_t> passed_over_;  // likewise
  std::thread thread_;
  std::exception_ptr error_;
  std::atomic<bool> failed_ = false;
};

// A checkpoint on disk whose files have their checksums.
struct Checkpoint {
  std::filesystem::path folder;
  Json state;

  int64_t step() const { return state.at("step").as_int(); }
  // Copies the tensors of `<stem>.safetensors` into `into` by name. Throws DataError for one that is missing or of
  // another shape.
  void load(const std::string& stem, const NamedTensors& into) const;
};

// Reads and verifies one checkpoint folder. Throws DataError naming the file that is missing or damaged.
Checkpoint open_checkpoint(const std::filesystem::path& folder);

// The newest intact checkpoint of a run folder; damaged newer ones are warned of. Nothing if the run has none yet;
// DataError if it has some and all are damaged.
std::optional<Checkpoint> newest_checkpoint(const std::filesystem::path& run_folder);

// That of one step of a run. Throws DataError naming the steps that are there.
Checkpoint checkpoint_of_step(const std::filesystem::path& run_folder, int64_t step);

// The checkpoint that a path means: a checkpoint folder itself, or the newest of a run folder. Throws DataError.
Checkpoint find_checkpoint(const std::filesystem::path& run_or_checkpoint);

}  // namespace glid
