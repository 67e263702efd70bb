// Between the host and a device. A copy to the device waits for nobody; to_host() does, and is counted.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/Event.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace glid {

// A CPU tensor on `device`; the same tensor if that is the CPU. Towards a GPU it goes through page-locked memory, so that
// the host doesn't wait.
at::Tensor to_device(const at::Tensor& host, const at::Device& device);

// A tensor's values on the host, when the device has come so far. An update that nobody logs calls it never; a task whose
// losses need numbers on the host (matching) may call it once a micro-batch.
at::Tensor to_host(const at::Tensor& tensor);
// The same as numbers, row-major.
std::vector<double> to_doubles(const at::Tensor& tensor);

// A copy to the host that nobody waits for until its value is asked for, and then for no work that was queued after it.
class HostCopy {
 public:
  explicit HostCopy(const at::Tensor& scalar);
  double value() const;

 private:
  at::Tensor host_;
  std::optional<c10::Event> done_;  // none on a CPU
};

// How often to_host() was called in this process.
int64_t num_host_waits();

}  // namespace glid
