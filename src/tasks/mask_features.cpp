#include "glid/tasks/mask_features.h"

#include <ATen/ATen.h>

#include <cmath>

namespace glid {

double DotConfig::scale(int64_t channels) const { return dot_scale.value_or(1 / std::sqrt(static_cast<double>(channels))); }

at::Tensor dot_features(const FeatureMap& map, int64_t first, int64_t count, const DotConfig& config) {
  const FeatureMap::Place& place = map.images.at(static_cast<size_t>(first));
  const int64_t channels = map.cells.size(1), size = place.height * place.width;
  const at::Tensor cells = map.cells.narrow(0, place.offset, count * size).view({count, size, channels});
  if (config.mask_features == MaskFeatures::kPlain) return cells;
  return at::layer_norm(cells - cells.mean(1, /*keepdim=*/true), {channels});
}

at::Tensor map_products(const FeatureMap& map, int64_t first, const at::Tensor& z, const DotConfig& config) {
  const FeatureMap::Place& place = map.images.at(static_cast<size_t>(first));
  const at::Tensor cells = dot_features(map, first, z.size(0), config);
  return (at::bmm(z, cells.transpose(1, 2)) * config.scale(z.size(2)))
      .view({z.size(0), z.size(1), place.height, place.width});
}

std::vector<at::Tensor> map_products(const FeatureMap& map, const BatchPlan& plan, const at::Tensor& z,
                                     const DotConfig& config) {
  std::vector<at::Tensor> products;
  int64_t first = 0;
  for (const ImageRun& run : plan.runs) {
    products.push_back(map_products(map, first, z.narrow(0, first, run.plan->batch), config));
    first += run.plan->batch;
  }
  return products;
}

}  // namespace glid
