// What attention looks at, for people who want to see it.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace glid {

struct MultiheadAttention;

// What one attention compares: query [B, heads, Q, c] and key [B, heads, K, c]; `mask` as in MultiheadAttention.
struct Attended {
  at::Tensor query, key, mask;

  // By what query q of image b weighs the keys, mean over heads: [K], fp32.
  at::Tensor weights(int64_t b, int64_t q) const;
};

// While it lives, every attention of this thread shows what it compares, as at::NoGradGuard is about this thread's
// operations. One at a time.
class AttentionWatch {
 public:
  using See = std::function<void(const MultiheadAttention& attention, const Attended& attended)>;

  explicit AttentionWatch(See see);
  ~AttentionWatch();
  AttentionWatch(const AttentionWatch&) = delete;
  AttentionWatch& operator=(const AttentionWatch&) = delete;

  // Of MultiheadAttention: does nothing where nobody watches.
  static void show(const MultiheadAttention& attention, const Attended& attended);

 private:
  See see_;
};

}  // namespace glid
