// Watches for updates that were skipped because their gradients were not finite.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <vector>

#include "glid/data/loader.h"

namespace glid {

class NonfiniteGuard {
 public:
  struct Counts {
    int64_t skipped = 0, in_a_row = 0;
  };

  // `max_in_a_row` skipped updates end the run. Samples are dumped into run_folder/nonfinite, a file a rank.
  NonfiniteGuard(std::filesystem::path run_folder, int64_t max_in_a_row, int rank);

  // After update `step` of these batches; found_inf is StepResult's. Throws Error (kNumerical) at the end of patience.
  void watch(int64_t step, const at::Tensor& found_inf, const std::vector<Batch>& batches);

  const Counts& counts() const { return counts_; }
  void restore(const Counts& counts) { counts_ = counts; }

 private:
  void dump_samples(int64_t step, const std::vector<Batch>& batches) const;

  std::filesystem::path folder_;
  int64_t max_in_a_row_;
  int rank_;
  Counts counts_;
};

}  // namespace glid
