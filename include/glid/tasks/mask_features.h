// The dot products of queries with the finest map f^b (paper Eq. 4, 6, 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "glid/config/fields.h"
#include "glid/model/glid.h"

namespace glid {

enum class MaskFeatures { kPlain, kMeanNorm };
constexpr auto enum_names(MaskFeatures) {
  return std::to_array<config::Named<MaskFeatures>>(
      {{MaskFeatures::kPlain, "plain", "f^b as it is"},
       {MaskFeatures::kMeanNorm, "mean_norm", "f^b minus its mean over an image, then normalised over channels"}});
}

// How queries meet the map: keys of the tasks that ask so.
struct DotConfig {
  MaskFeatures mask_features = MaskFeatures::kPlain;
  std::optional<double> dot_scale;
  std::optional<double> embedding_std = 0.02;

  template <class V>
  void fields(V& v) {
    v("mask_features", mask_features, "the map that queries are multiplied with");
    v("dot_scale", dot_scale, "factor of the products, 1 in the paper's equations; null: 1 / sqrt(channels)",
      config::positive());
    v("embedding_std", embedding_std, "deviation of the weights that make a query's embedding; null: Xavier uniform",
      config::positive());
  }
  // The head that makes them.
  HeadSpec embedding(const std::string& name, int64_t width, int64_t layers) const {
    return {.name = name, .outputs = width, .layers = layers, .init_std = embedding_std};
  }
  double scale(int64_t channels) const;
};

// f^b of images first, first + 1, .. which are alike in size, as `config` wants it: [count, height * width, d].
at::Tensor dot_features(const FeatureMap& map, int64_t first, int64_t count, const DotConfig& config);

// <f^b, z> of images first, first + 1, ..., which are alike in size: z [n, Q, d] -> [n, Q, height, width].
at::Tensor map_products(const FeatureMap& map, int64_t first, const at::Tensor& z, const DotConfig& config);
// The same of all images, whose embeddings are z [B, Q, d]: those of each run of alike ones.
std::vector<at::Tensor> map_products(const FeatureMap& map, const BatchPlan& plan, const at::Tensor& z,
                                     const DotConfig& config);

}  // namespace glid
