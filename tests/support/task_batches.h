// Batches of what a task makes of samples.
#pragma once

#include <utility>
#include <vector>

#include "glid/tasks/task.h"
#include "support/batches.h"

namespace glid {

inline Batch batch_of_samples(const Task& task, const std::vector<Sample>& samples, bool training, int64_t unit_px = 8) {
  std::vector<NamedPicture> pictures;
  for (const Sample& sample : samples)
    for (PreparedImage& image : task.prepare(sample, {5, 0, sample.id}, {0, sample.id}, training))
      pictures.push_back({{5, 0, sample.id}, sample.name, std::move(image)});
  return make_batch(std::move(pictures), unit_px, fresh_bytes);
}

}  // namespace glid
