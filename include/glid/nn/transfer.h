// Between the host and a device. A copy to the device waits for nobody; a copy to the host does, and is counted.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>

namespace glid {

// A CPU tensor on `device`; the same tensor if that is the CPU. Towards a GPU it goes through page-locked memory, so that
// the host doesn't wait.
at::Tensor to_device(const at::Tensor& host, const at::Device& device);

// A tensor's values on the host. The one place where a training step may wait for its device.
at::Tensor to_host(const at::Tensor& tensor);

// How often to_host() was called in this process.
int64_t num_host_waits();

}  // namespace glid
