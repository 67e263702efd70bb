// MixMAE (Liu et al., CVPR 2023; Sense-X/MixMIM, models_mixmim.py). There two images are mixed unit by unit, one mask m for
// the first and 1 - m for the second and the other way round; tokens attend only to those of their own image, and the
// decoder runs once for each image of a mixture, with mask tokens in the place of the other's.
//
// All else that the encoder does is done to each token alone, and patches are merged inside units. So a mixture is nothing
// but two images of which the encoder sees m of one and 1 - m of the other, and the two mixtures of a pair see each image
// twice, with m and with 1 - m. That is what this task does: every image is two pictures, whichever others are in the batch
// (tests/tasks/mixmae_test.cpp shows the equality). Ranks, micro-batches and odd batches can't matter. The loss is over all
// pixels, each predicted by the picture that hides it.
//
// What differs from the original: every image draws its own mask, where there one is drawn for all of a batch; windows are
// Swin's, shifted where they don't cover the map; no position vectors are added to the patches.
// The paper's row: Table 2, MixMAE.
//   glid_train --config configs/baselines/mixmae_swinb.yaml --set data.root=/data/imagenet
#pragma once

#include <string_view>

#include "glid/tasks/mae.h"

namespace glid {

struct MixmaeConfig : MaeConfig {
  static constexpr std::string_view kName = "mixmae";
  MixmaeConfig() { hiding.mask_ratio = 0.5; }
};

class Mixmae : public Mae {
 public:
  using Mae::Mae;
  // Two pictures: what the mask shows, and what it hides (group 1).
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
};

}  // namespace glid
