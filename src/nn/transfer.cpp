#include "glid/nn/transfer.h"

#include <ATen/ATen.h>
#include <c10/core/impl/VirtualGuardImpl.h>

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

std::vector<double> to_doubles(const at::Tensor& tensor) {
  const at::Tensor host = to_host(tensor).to(at::kDouble).contiguous();
  const double* data = host.const_data_ptr<double>();
  return {data, data + host.numel()};
}

HostCopy::HostCopy(const at::Tensor& scalar) {
  const at::Device device = scalar.device();
  if (device.is_cpu()) {
    host_ = scalar.clone();
    return;
  }
  host_ = at::empty(scalar.sizes(), scalar.options().device(at::kCPU).pinned_memory(true));
  host_.copy_(scalar, /*non_blocking=*/true);
  done_.emplace(device.type());
  done_->record(c10::impl::VirtualGuardImpl(device.type()).getStream(device));
}

double HostCopy::value() const {
  if (done_) done_->synchronize();
  return host_.item<double>();
}

int64_t num_host_waits() { return waits; }

}  // namespace glid
