// Where the time goes, operation by operation: ATen's operations on the CPU, kernels and copies on a GPU. By Kineto, the
// profiler inside LibTorch.
#pragma once

#include <c10/core/Device.h>

#include <filesystem>
#include <string>
#include <vector>

namespace glid {

struct OperationTime {
  std::string name;
  double seconds = 0;  // without the operations inside it
  int64_t calls = 0;
};

// Records this thread and what it starts on `device`, backward passes included, from its construction on; one at a time.
class OperationTimes {
 public:
  explicit OperationTimes(const c10::Device& device);
  ~OperationTimes();
  OperationTimes(const OperationTimes&) = delete;
  OperationTimes& operator=(const OperationTimes&) = delete;

  // Ends the recording: what ran on the device, the longest first. `trace`, if not empty, becomes a file for
  // chrome://tracing or Perfetto. Throws Error (kInternal) where that can't be written.
  std::vector<OperationTime> finish(const std::filesystem::path& trace = {});

 private:
  c10::Device device_;
  bool recording_ = true;
};

}  // namespace glid
