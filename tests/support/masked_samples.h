// Samples whose objects are rectangles, with all that segmentation needs to know about them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "glid/core/rng.h"
#include "glid/tasks/mask_set.h"
#include "support/small_run.h"
#include "support/task_batches.h"

namespace glid {

inline constexpr int64_t kObjectClasses = 3;  // and the background is a class of pixels and segments

inline TaskContext masked_context() {
  TaskContext context{small_model_shape(), 24, {}};
  context.vocabulary.objects = {{1, "red"}, {5, "green"}, {9, "blue"}};
  context.vocabulary.labels = {{0, "ground"}, {1, "red"}, {5, "green"}, {9, "blue"}};
  context.vocabulary.segments = context.vocabulary.labels;
  context.vocabulary.is_thing = {false, true, true, true};
  context.vocabulary.has_masks = true;
  return context;
}

// `count` rectangles in the colours of their classes on grey, later ones over earlier ones, each at least 3 pixels wide.
inline Sample sample_with_masks(int64_t id, int64_t count, int64_t height = 24, int64_t width = 24) {
  Sample sample{id, "sample " + std::to_string(id), noise_image(height, width, id), {}};
  Rng rng(6, 0, static_cast<uint64_t>(id), RandomOp::kExample);
  const auto size = static_cast<size_t>(height * width);
  sample.targets.semantic.assign(size, 0);
  sample.targets.panoptic.ids.assign(size, 1);
  for (uint8_t& pixel : sample.image.pixels) pixel = static_cast<uint8_t>(100 + pixel / 16);
  std::vector<int64_t> owner(size, -1);
  for (int64_t i = 0; i < count; ++i) {
    const auto part = [&rng](int64_t length) { return static_cast<int64_t>(rng.below(static_cast<uint64_t>(length))); };
    const int64_t h = 4 + part(height / 3), w = 4 + part(width / 3), top = part(height - h), left = part(width - w);
    for (int64_t y = top; y < top + h; ++y)
      for (int64_t x = left; x < left + w; ++x) owner[static_cast<size_t>(y * width + x)] = i;
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t category = (id + i) % kObjectClasses;
    std::vector<uint8_t> mask(size);
    for (size_t at = 0; at < size; ++at) {
      if (owner[at] != i) continue;
      mask[at] = 1;
      sample.targets.semantic[at] = static_cast<uint16_t>(category + 1);
      sample.targets.panoptic.ids[at] = static_cast<uint32_t>(i + 2);
      sample.image.pixels[3 * at + static_cast<size_t>(category)] = 250;
    }
    const Rle rle = rle_from_mask(mask, height, width);
    if (rle_area(rle) == 0) continue;
    sample.targets.instances.push_back({.id = i + 1,
                                        .category = category,
                                        .box = to_corners(rle_box(rle)),
                                        .mask = rle,
                                        .area = static_cast<double>(rle_area(rle))});
    sample.targets.panoptic.segments.push_back({.id = static_cast<uint32_t>(i + 2), .category = category + 1});
  }
  if (std::ranges::count(owner, -1) > 0) sample.targets.panoptic.segments.push_back({.id = 1, .category = 0});
  return sample;
}

}  // namespace glid
