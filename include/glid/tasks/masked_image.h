// Masked image modelling, GLID's pre-training: hidden units are the queries, their pixels the answers (paper section 3.1;
// the loss is Eq. 2 in its mean form).
#pragma once

#include <string_view>

#include "glid/tasks/pixel_task.h"

namespace glid {

struct MaskedImageConfig : HidingTaskConfig {
  static constexpr std::string_view kName = "masked_image";
};

class MaskedImage : public MaskedPixelTask {
 public:
  MaskedImage(const MaskedImageConfig& config, const EncoderShape& shape, int64_t size_px)
      : MaskedPixelTask(config.hiding, PixelLoss::kSquared, shape, size_px) {}

  TaskSpec spec() const override { return {.heads = {head()}, .queries = {.mask_token = true}}; }

 protected:
  Query query(const at::Tensor& cells) const override { return {.asked = HiddenUnits{cells}}; }
};

}  // namespace glid
