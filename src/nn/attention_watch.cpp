#include "glid/nn/attention_watch.h"

#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <cmath>
#include <utility>

namespace glid {
namespace {

thread_local const AttentionWatch* current = nullptr;

}  // namespace

at::Tensor Attended::weights(int64_t b, int64_t q) const {
  const at::Tensor asked = query[b].narrow(1, q, 1).to(at::kFloat);  // [heads, 1, c]
  at::Tensor logits = asked.matmul(key[b].to(at::kFloat).transpose(1, 2)) / std::sqrt(static_cast<double>(query.size(3)));
  if (mask.defined()) {
    const at::Tensor all = mask.expand({query.size(0), -1, -1, -1})[b];  // [1 or heads, 1 or Q, K]
    logits = logits.masked_fill(all.narrow(1, all.size(1) == 1 ? 0 : q, 1).logical_not(), -HUGE_VAL);
  }
  return logits.softmax(-1).mean(0)[0];
}

AttentionWatch::AttentionWatch(See see) : see_(std::move(see)) {
  TORCH_CHECK(current == nullptr, "attention is watched already");
  current = this;
}

AttentionWatch::~AttentionWatch() { current = nullptr; }

void AttentionWatch::show(const MultiheadAttention& attention, const Attended& attended) {
  if (current != nullptr) current->see_(attention, attended);
}

}  // namespace glid
