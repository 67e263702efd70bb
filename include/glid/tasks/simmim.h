// SimMIM (Xie et al., CVPR 2022; microsoft/SimMIM, models/simmim.py): the encoder sees the whole image, with a learned token
// in the place of every patch of a hidden unit; a linear layer on its last tokens says their pixels, scored by L1.
// The paper's row: Table 2, SimMIM. With the defaults and the same weights the loss is that of the original, but that it
// divides by the number of hidden pixels, not by that + 1e-5.
//   glid_train --config configs/baselines/simmim_swinb.yaml --set data.root=/data/imagenet
#pragma once

#include <string_view>

#include "glid/tasks/pixel_task.h"

namespace glid {

struct SimmimConfig : HidingTaskConfig {
  static constexpr std::string_view kName = "simmim";
  SimmimConfig() {
    hiding = {.mask_ratio = 0.6,
              .pixels = {.target = PixelTarget::kRaw, .crop_area = 0.67, .interpolation = Filter::kBilinear}};
  }
  HeadInput input() const { return HeadInput::kEncoder; }
};

class Simmim : public MaskedPixelTask {
 public:
  Simmim(const SimmimConfig& config, const EncoderShape& shape, int64_t size_px)
      : MaskedPixelTask(config.hiding, PixelLoss::kAbsolute, shape, size_px) {}

  TaskSpec spec() const override { return {.heads = {head()}, .reads = HeadInput::kEncoder, .replaces_units = true}; }
  // Pictures are seen whole. Array: "hidden" [N], the cells of the hidden units.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  Question ask(Batch batch, bool training) const override;  // the view's replaced units are the hidden ones

 protected:
  Query query(const at::Tensor& cells) const override { return {.asked = EncodedUnits{cells}}; }
};

}  // namespace glid
