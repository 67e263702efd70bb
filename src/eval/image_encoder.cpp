#include "glid/eval/image_encoder.h"

#include <ATen/ATen.h>

#include "glid/core/error.h"
#include "glid/eval/feature_net.h"
#include "glid/model/glid.h"

namespace glid {

ImageEncoder::ImageEncoder(const std::filesystem::path& weights, const ImageEncoderOptions& options)
    : encoder_(load_encoder({weights, options.model, options.strict})->encoder),
      shape_(encoder_->encoder_shape()),
      plans_(std::make_unique<WholeImagePlans>()) {
  if (!shape_.has_pyramid())
    throw UsageError(weights.string(), "is a ViT without a pyramid, which has no maps of four strides");
}

StageTokens ImageEncoder::operator()(const Image& image) const {
  const at::NoGradGuard no_grad;
  const UnitGrid grid = unit_grid(image.height, image.width, shape().unit_px(), "image");
  const at::Tensor pixels =
      at::from_blob(const_cast<uint8_t*>(image.pixels.data()), {1, image.height, image.width, 3}, at::kByte);
  const auto plan = plans_->get(grid, 1, shape().windows(), at::kCPU);
  const ValidUnits whole{static_cast<double>(grid.height), static_cast<double>(grid.width)};
  StageTokens maps = encoder_->forward(to_units(normalise(pixels), shape().unit_px()), {.plan = {{{plan, whole}}}});
  for (int stage = 0; stage < kNumStages; ++stage) maps[stage] = to_image(maps[stage], *plan, stage)[0].contiguous();
  return maps;
}

}  // namespace glid
