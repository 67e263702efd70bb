// Autoregressive image models (El-Nouby et al., ICML 2024; apple/ml-aim has the encoder, not the training). A ViT sees the
// patches of an image in raster order: the first ones, a prefix whose length is drawn for every image, see each other, all
// later ones what lies before them. Each token says the pixels of the next patch; those outside of the prefix are scored, in
// their own mean and deviation. Fine-tuning takes `init.parts: [encoder]`, and all tokens see each other.
//
// The head is MLPs with residual connections on every token by itself, as wide as the encoder, then a linear layer; MAE's
// position vectors are added to what it reads. As the paper has it, there is no class token. What differs from the original:
// the encoder is timm's ViT, with biases and without a norm on its patches. No row of the paper's Table 2.
//   glid_train --config configs/baselines/aim_vitb.yaml --set data.root=/data/imagenet
#pragma once

#include <string_view>

#include "glid/tasks/pixel_task.h"

namespace glid {

struct AimConfig : ImagesAlone {
  static constexpr std::string_view kName = "aim";
  PixelConfig pixels{.crop_area = 0.4};
  int64_t head_blocks = 12;

  template <class V>
  void fields(V& v) {
    pixels.fields(v);
    v("head_blocks", head_blocks, "MLPs with residual connections before the last linear layer", config::in_range(0, 64));
  }
  HeadInput input() const { return HeadInput::kEncoder; }
  void check_encoder(const EncoderShape& shape, config::Problems& problems) const;
  void check_grid(const UnitGrid& grid, config::Problems& problems) const;
};

class Aim : public PixelTask {
 public:
  Aim(const AimConfig& config, const EncoderShape& shape, int64_t size_px)
      : PixelTask(config.pixels, PixelLoss::kSquared, shape, size_px), head_blocks_(config.head_blocks) {}

  TaskSpec spec() const override;
  // Pictures are seen whole. Array: "hidden" [N], the cells outside of the prefix.
  std::vector<PreparedImage> prepare(const Sample& sample, const SampleKey& key, const BatchPosition& position,
                                     bool training) const override;
  Question ask(Batch batch, bool training) const override;  // the view has the prefixes

 protected:
  Query query(const at::Tensor& cells) const override { return {.asked = EncodedUnits{cells - 1, /*placed=*/true}}; }
  // Of what a token sees: the units before the one it predicts; interpolation by the four of them that touch it.
  BlindPixels blind(const at::Tensor& units, const HiddenUnitsOfRun& hidden, const at::Tensor& target) const override;

 private:
  int64_t head_blocks_;
};

}  // namespace glid
