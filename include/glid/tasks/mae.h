// Masked autoencoders (He et al., CVPR 2022; facebookresearch/mae, models_mae.py): the encoder sees visible units only, and
// a small ViT over all units says the pixels of the hidden ones. On a ViT whose units are one patch that is MAE to the
// letter, its class token included; Swin sees visible units as in GreenMIM (Huang et al., NeurIPS 2022;
// modeling/base_green_models.py). The decoder is thrown away: fine-tuning takes `init.parts: [encoder]`.
// The paper's row: MAE in Table 2, whose recipe it doesn't give. Of the model only the decoder differs from GLID's: one
// scale, self-attention, mask tokens among the encoder's. GreenMIM groups windows; here they are Swin's, without what is
// hidden (docs/objectives.md lists what else differs).
//   glid_train --config configs/baselines/mae_swinb.yaml --set data.root=/data/imagenet
#pragma once

#include <string_view>

#include "glid/tasks/pixel_task.h"

namespace glid {

struct MaeConfig : HidingTaskConfig {
  static constexpr std::string_view kName = "mae";
  UnitDecoderConfig decoder;

  template <class V>
  void fields(V& v) {
    HidingTaskConfig::fields(v);
    v("decoder", decoder, "");
  }
  HeadInput input() const { return HeadInput::kUnitDecoder; }
};

class Mae : public MaskedPixelTask {
 public:
  Mae(const MaeConfig& config, const EncoderShape& shape, int64_t size_px)
      : MaskedPixelTask(config.hiding, PixelLoss::kSquared, shape, size_px), decoder_(config.decoder) {}

  TaskSpec spec() const override {
    return {
        .heads = {head()}, .reads = HeadInput::kUnitDecoder, .encoder_init = EncoderInit::kXavier, .unit_decoder = decoder_};
  }

 protected:
  Query query(const at::Tensor& cells) const override { return {.asked = DecodedUnits{cells}}; }

 private:
  UnitDecoderConfig decoder_;
};

}  // namespace glid
