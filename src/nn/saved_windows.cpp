#include "saved_windows.h"

namespace glid {

std::vector<at::Tensor> tensors_to_save(const WindowTensors& windows) {
  std::vector<at::Tensor> list{windows.map.rows, windows.map.empty};
  for (const WindowBucketTensors& bucket : windows.buckets) {
    list.push_back(bucket.bias_index);
    list.push_back(bucket.key_mask);
  }
  return list;
}

std::vector<int64_t> shapes_to_save(const WindowTensors& windows) {
  std::vector<int64_t> shapes;
  for (const WindowBucketTensors& bucket : windows.buckets) shapes.insert(shapes.end(), {bucket.num_windows, bucket.length});
  return shapes;
}

WindowTensors saved_windows(const std::vector<at::Tensor>& list, size_t first, const std::vector<int64_t>& shapes) {
  WindowTensors windows{.map = {.rows = list[first], .inverse = {}, .empty = list[first + 1]}, .buckets = {}};
  for (size_t i = 0; i < shapes.size(); i += 2)
    windows.buckets.push_back({.num_windows = shapes[i],
                               .length = shapes[i + 1],
                               .bias_index = list[first + 2 + i],
                               .key_mask = list[first + 3 + i]});
  return windows;
}

}  // namespace glid
