// Nearest neighbours that vote for classes, as InstDisc (Wu et al., CVPR 2018) and DINO (Caron et al., ICCV 2021) evaluate
// features without training anything.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace glid {

struct KnnConfig {
  int64_t neighbours = 20;    // k
  double temperature = 0.07;  // T
};

// Images whose class is known.
struct LabelledFeatures {
  at::Tensor features;  // [N, C] fp32
  at::Tensor labels;    // [N] int64, 0 .. num_classes - 1
  int64_t num_classes = 0;

  int64_t size() const { return features.size(0); }
};

// Features [N, C] at length 1, or 0.
at::Tensor directions_of(const at::Tensor& features);

// The votes that images [M, C] get from the k among `known` with the largest cosine similarity s: [M, classes] fp64, the sum
// of exp(s / T) over those of the class. Of equal similarities the first is nearer. Features without length are similar to
// nothing (0). Our own mistake (TORCH_CHECK) if k isn't within 1 .. N.
at::Tensor knn_votes(const LabelledFeatures& known, const at::Tensor& features, const KnnConfig& config);

}  // namespace glid
