// What is done to pictures whose classes are learned, beside crops and flips: random erasing (Zhong et al., AAAI 2020),
// mixup (Zhang et al., ICLR 2018) and CutMix (Yun et al., ICCV 2019), as huggingface/pytorch-image-models has them in its
// modes "pixel" and "pair", from which the partners differ.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "glid/config/fields.h"
#include "glid/data/batch.h"

namespace glid {

struct MixingConfig {
  double mixup = 0;
  double cutmix = 0;

  template <class V>
  void fields(V& v) {
    v("mixup", mixup, "a of Beta(a, a), the shares of two mixed pictures; 0: none. With cutmix: one or the other",
      config::non_negative());
    v("cutmix", cutmix, "a of Beta(a, a), the part of a picture that a rectangle of another leaves; 0: none",
      config::non_negative());
  }
  bool mixes() const { return mixup > 0 || cutmix > 0; }
};

// How a picture and its partner become one: the rectangle is the partner's, the rest has this share of its own.
struct PairMix {
  CropBox box;        // of the partner's pixels; empty: none
  double weight = 1;  // of the own pixels beside it

  double own_share(int64_t size_px) const;  // of the class
};

// A function of the key of the first of two partners. With both, one of them with probability 0.5.
PairMix draw_pair_mix(const MixingConfig& config, const SampleKey& key, int64_t size_px);

// Pictures 2k and 2k + 1 of a batch are partners, which mix alike, each into the other; an odd last one stays as it is. So a
// batch has the same pictures however it is divided, as long as micro-batches are even.
std::vector<PairMix> draw_mixes(const MixingConfig& config, const Batch& batch, int64_t size_px);

// Units of square pictures [B * units, U, U, 3] -> the same of the mixed ones.
at::Tensor mix_pictures(const at::Tensor& units, const std::vector<PairMix>& mixes, const UnitGrid& grid);
// Labels [B] -> shares of the classes [B, classes].
at::Tensor mix_labels(const at::Tensor& labels, const std::vector<PairMix>& mixes, int64_t classes, int64_t size_px);

// With that probability a rectangle of 0.02 to 1 / 3 of the picture gets noise in ImageNet's mean and deviation, rounded to
// bytes (timm's isn't). A function of the key.
void erase_randomly(Image& image, double probability, const SampleKey& key);

}  // namespace glid
