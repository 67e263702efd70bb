#include "buffer_pool.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace glid {
namespace {

bool is_free(const at::Tensor& buffer) { return buffer.use_count() == 1 && buffer.storage().use_count() == 1; }

}  // namespace

at::Tensor BufferPool::take(int64_t bytes) {
  // LibTorch keeps page-locked memory itself and gives it out again after the copies from it.
  if (page_locked_) return at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(true));
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(buffers_.begin(), buffers_.end(), [&](const at::Tensor& b) { return b.numel() == bytes && is_free(b); });
  if (found != buffers_.end()) return *found;
  std::erase_if(buffers_, is_free);  // of other sizes: batches have changed
  return buffers_.emplace_back(at::empty({bytes}, at::kByte));
}

}  // namespace glid
