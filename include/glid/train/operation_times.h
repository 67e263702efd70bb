// Where the time goes, operation by operation: ATen's operations on the CPU, kernels and copies on a GPU, and the operations
// that start them. By Kineto, the profiler inside LibTorch.
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

// The longest first.
struct RecordedTimes {
  std::vector<OperationTime> operations;  // on the CPU; of a GPU's work the time to start it
  std::vector<OperationTime> kernels;     // on a GPU: none without one, or where CUPTI is missing
};

// Records this thread and what it starts on `device`, backward passes included, from its construction on; one at a time.
class OperationTimes {
 public:
  explicit OperationTimes(const c10::Device& device);
  ~OperationTimes();
  OperationTimes(const OperationTimes&) = delete;
  OperationTimes& operator=(const OperationTimes&) = delete;

  // Ends the recording. `trace`, if not empty, becomes a file for chrome://tracing or Perfetto. Throws Error (kInternal)
  // where that can't be written.
  RecordedTimes finish(const std::filesystem::path& trace = {});

 private:
  c10::Device device_;
  bool recording_ = true;
};

}  // namespace glid
