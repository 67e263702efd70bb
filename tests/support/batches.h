// Batches of made-up pictures.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <utility>
#include <vector>

#include "glid/data/batch.h"
#include "support/noise_image.h"

namespace glid {

inline at::Tensor fresh_bytes(int64_t bytes) { return at::empty({bytes}, at::kByte); }

// What prepare(sample, key, position) makes of samples [first, first + count) of noise images, as one micro-batch.
template <class Prepared>
Batch batch_of(int64_t first, int64_t count, int64_t size_px, int64_t unit_px, Prepared prepare) {
  std::vector<NamedPicture> pictures;
  for (int64_t id = first; id < first + count; ++id) {
    const Sample sample{id, "noise " + std::to_string(id), noise_image(size_px, size_px, id), {}};
    const SampleKey key{5, 0, id};
    for (PreparedImage& image : prepare(sample, key, BatchPosition{0, id}))
      pictures.push_back({key, sample.name, std::move(image)});
  }
  return make_batch(std::move(pictures), unit_px, fresh_bytes);
}

}  // namespace glid
