#include "glid/tasks/mask_features.h"

#include <ATen/ATen.h>

#include <cmath>

namespace glid {

at::Tensor map_products(const FeatureMap& map, int64_t first, const at::Tensor& z, const DotConfig& config) {
  const FeatureMap::Place& place = map.images.at(static_cast<size_t>(first));
  const int64_t count = z.size(0), channels = map.cells.size(1), size = place.height * place.width;
  at::Tensor cells = map.cells.narrow(0, place.offset, count * size).view({count, size, channels});
  if (config.mask_features == MaskFeatures::kMeanNorm)
    cells = at::layer_norm(cells - cells.mean(1, /*keepdim=*/true), {channels});
  const double scale = config.dot_scale.value_or(1 / std::sqrt(static_cast<double>(channels)));
  return (at::bmm(z, cells.transpose(1, 2)) * scale).view({count, z.size(1), place.height, place.width});
}

}  // namespace glid
