// Memory for pixels, used again and again: fresh memory costs page faults at every batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <mutex>
#include <vector>

namespace glid {

// Safe to use from several threads.
class BufferPool {
 public:
  explicit BufferPool(bool page_locked) : page_locked_(page_locked) {}
  // uint8 [bytes]. The memory is free again when the last tensor on it is dropped.
  at::Tensor take(int64_t bytes);

 private:
  bool page_locked_;
  std::mutex mutex_;
  std::vector<at::Tensor> buffers_;
};

}  // namespace glid
