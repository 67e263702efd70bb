// Watches for updates that were skipped because their gradients were not finite, one step late: nothing waits for the device
// to finish a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

#include "glid/data/batch.h"

namespace glid {

class NonfiniteGuard {
 public:
  struct Counts {
    int64_t skipped = 0, in_a_row = 0;
  };

  // `max_in_a_row` skipped updates end the run. Samples are dumped into run_folder/nonfinite, a file a rank.
  NonfiniteGuard(std::filesystem::path run_folder, int64_t max_in_a_row, int rank);

  // After update `step` of these batches: looks at the update before it and remembers this one; found_inf is
  // StepResult::failed. Throws Error (kNumerical) at the end of patience.
  void watch(int64_t step, const at::Tensor& found_inf, const std::vector<Batch>& batches);
  // Looks at the last update too: before whatever rests on it, a checkpoint, a validation or the end of the run.
  void settle();

  // Of the updates looked at.
  const Counts& counts() const { return counts_; }
  void restore(const Counts& counts) { counts_ = counts; }

 private:
  struct Update {
    int64_t step = 0;
    at::Tensor found_inf;
    std::vector<BatchImage> images;
  };
  void look(const Update& update);
  void dump_samples(const Update& update) const;

  std::filesystem::path folder_;
  int64_t max_in_a_row_;
  int rank_;
  Counts counts_;
  std::optional<Update> last_;
};

}  // namespace glid
