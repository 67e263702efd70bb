// Watches for updates that were skipped because their gradients were not finite, without waiting for the device.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/data/batch.h"
#include "glid/nn/transfer.h"

namespace glid {

// The flags of an update are looked at when the next one is under way, or when settle() is called. All ranks count alike.
class NonfiniteGuard {
 public:
  struct Counts {
    int64_t skipped = 0, in_a_row = 0;
  };

  // `max_in_a_row` skipped updates end the run. Samples are dumped into run_folder/nonfinite, a file a rank.
  NonfiniteGuard(std::filesystem::path run_folder, int64_t max_in_a_row, int rank);

  // After update `step` of these batches has been queued; `failed` (counted) and `lost` (named only) are StepResult's. Looks
  // at the update before. Both throw Error (kNumerical) at the end of patience.
  void watch(int64_t step, const at::Tensor& failed, const at::Tensor& lost, const std::vector<Batch>& batches);
  // At the update watched last. Before its weights are written or judged.
  void settle();

  // Of the updates that were looked at.
  const Counts& counts() const { return counts_; }
  void restore(const Counts& counts) { counts_ = counts; }

 private:
  struct SampleName {
    SampleKey key;
    std::string name;
  };
  struct Update {
    int64_t step;
    HostCopy failed, lost;
    std::vector<SampleName> samples;
  };
  void dump_samples(const Update& update) const;

  std::filesystem::path folder_;
  int64_t max_in_a_row_;
  int rank_;
  Counts counts_;
  std::optional<Update> last_;  // not looked at yet
};

}  // namespace glid
