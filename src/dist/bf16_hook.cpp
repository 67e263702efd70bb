#include "bf16_hook.h"

#include <ATen/ATen.h>

namespace glid {
namespace {

using FuturePtr = c10::intrusive_ptr<c10::ivalue::Future>;

at::Tensor as_bytes(const at::Tensor& values) { return values.view(at::kByte); }

// [ranks * part], zeros behind the values.
at::Tensor in_parts(const at::Tensor& values, int64_t ranks) {
  const int64_t part = (values.numel() + ranks - 1) / ranks;
  const at::Tensor parts = at::zeros({ranks * part}, values.options().dtype(at::kBFloat16));
  parts.narrow(0, 0, values.numel()).copy_(values);
  return parts;
}

}  // namespace

FuturePtr Bf16Hook::runHook(c10d::GradBucket& bucket) {
  const at::NoGradGuard no_grad;
  const auto group = state_;
  const at::Tensor values = bucket.getBufferRef();
  const int64_t ranks = group->getSize();
  const at::Tensor sent = in_parts(values, ranks), received = at::empty_like(sent);
  at::Tensor from = as_bytes(sent), to = as_bytes(received);
  std::vector<int64_t> even;
  const FuturePtr exchange = group->alltoall_base(to, from, even, even)->getFuture();
  // Over Gloo a callback would run in a thread of its own, and calls must be made in one order.
  if (values.is_cpu()) exchange->wait();

  const auto average = [group, values, sent, received, ranks](c10::ivalue::Future& exchanged) {
    (void)exchanged.value();  // throws what went wrong
    const at::Tensor mean = received.view({ranks, -1}).sum(0, /*keepdim=*/false, values.scalar_type()).div_(ranks);
    const at::Tensor all = at::empty_like(received);
    all.view({ranks, -1})[group->getRank()].copy_(mean);
    at::Tensor bytes = as_bytes(all), own = bytes.view({ranks, -1})[group->getRank()];
    const auto widen = [values, all](c10::ivalue::Future& gathered) {
      (void)gathered.value();
      values.copy_(all.narrow(0, 0, values.numel()));
      return c10::IValue(values);
    };
    return group->_allgather_base(bytes, own)->getFuture()->then(widen, c10::TensorType::get());
  };
  return exchange->thenAsync(average, c10::TensorType::get());
}

}  // namespace glid
