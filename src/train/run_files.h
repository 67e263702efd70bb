// Everything that a run writes, by rank 0; on other ranks nothing happens.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "glid/train/checkpoint.h"
#include "glid/train/run_config.h"
#include "glid/train/run_log.h"
#include "glid/train/run_state.h"

namespace glid {

class RunFiles {
 public:
  // Touches nothing before open().
  RunFiles(const RunConfig& config, bool is_main) : config_(config), is_main_(is_main) {}

  // After `completed_steps`; the checkpoint of `best_step` is kept (-1: none). The log of this start begins with `head`.
  void open(int64_t completed_steps, int64_t best_step, const std::vector<std::string>& head);

  void training(const StepMetrics& metrics);
  void references(const std::vector<MetricValue>& losses);
  void blind(const std::vector<MetricValue>& values);
  void validation(int64_t step, const std::vector<MetricValue>& values, const RunState::Best& best);
  void picture(int64_t step, const Image& image);
  // Written in the background: finish() waits and throws what went wrong.
  void checkpoint(int64_t step, TensorFiles tensors, Json state);
  void finish();

 private:
  RunConfig config_;
  bool is_main_;
  std::optional<RunLog> log_;               // rank 0, once open
  std::optional<CheckpointWriter> writer_;  // likewise
};

}  // namespace glid
