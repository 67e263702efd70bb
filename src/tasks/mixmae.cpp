#include "glid/tasks/mixmae.h"

namespace glid {

std::vector<PreparedImage> Mixmae::prepare(const Sample& sample, const SampleKey& key, const BatchPosition&,
                                           bool training) const {
  const std::vector<int64_t> seen = draw_seen(key);
  PreparedImage first = crop(sample, key, training), second = first;
  first.plan = shape().plan(grid(), seen);
  second.plan = shape().plan(grid(), hidden_beside(seen, grid()));
  second.group = 1;
  return {std::move(first), std::move(second)};
}

}  // namespace glid
