// A metric over many files on several threads.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "glid/core/parallel_for.h"

namespace glid {

// Calls add(i, metric) for i = 0 ... count - 1, each thread with a copy of `empty`, and returns all merged.
template <class Metric, class Add>
Metric accumulate(int64_t count, int64_t num_threads, const Metric& empty, const Add& add) {
  std::vector<Metric> parts(static_cast<size_t>(num_threads), empty);
  parallel_for(count, num_threads,
               [&](int64_t i, int64_t worker) { add(static_cast<size_t>(i), parts[static_cast<size_t>(worker)]); });
  for (size_t i = 1; i < parts.size(); ++i) parts[0].merge(parts[i]);
  return std::move(parts[0]);
}

}  // namespace glid
