#include "glid/nn/transfer.h"

#include <ATen/ATen.h>

#include <atomic>

namespace glid {
namespace {

std::atomic<int64_t> waits = 0;

}  // namespace

at::Tensor to_device(const at::Tensor& host, const at::Device& device) {
  if (device.is_cpu()) return host;
  return (host.is_pinned() ? host : host.pin_memory()).to(device, /*non_blocking=*/true);
}

at::Tensor to_host(const at::Tensor& tensor) {
  ++waits;
  return tensor.to(at::kCPU);
}

int64_t num_host_waits() { return waits; }

}  // namespace glid
