#include "glid/eval/image_encoder.h"

#include <ATen/ATen.h>

#include <optional>

#include "glid/core/error.h"
#include "glid/core/log.h"
#include "glid/model/find_encoder.h"
#include "glid/model/model_config.h"
#include "glid/model/weights.h"

namespace glid {
namespace {

// That of the file, which must be that of the name if there is one.
SwinShape shape_of(const std::filesystem::path& weights, const std::string& model) {
  const std::string where = weights.string();
  const std::optional<FoundEncoder> found = find_encoder(TensorFile(weights), where);
  if (!found) throw DataError(where, "holds no Swin encoder in names that are known", {}, "docs/weights.md has the list");
  if (model.empty()) return found->shape;
  require_same_size(*found, swin_preset(config::parse_name<EncoderName>("--model", model)), where, "--model ");
  return found->shape;
}

}  // namespace

ImageEncoder::ImageEncoder(const std::filesystem::path& weights, const ImageEncoderOptions& options)
    : plans_(std::make_unique<WholeImagePlans>()) {
  torch::nn::Module holder;
  encoder_ = holder.register_module("encoder", std::make_shared<Swin>(shape_of(weights, options.model)));
  const LoadReport report = load_weights(holder, weights, {"encoder"}, {.strict = options.strict});
  require_whole(report, weights.string());
  log_info("{}", report.text());
  encoder_->eval();
}

StageTokens ImageEncoder::operator()(const Image& image) const {
  const at::NoGradGuard no_grad;
  const UnitGrid grid = unit_grid(image.height, image.width, shape().unit_px(), "image");
  const at::Tensor pixels =
      at::from_blob(const_cast<uint8_t*>(image.pixels.data()), {1, image.height, image.width, 3}, at::kByte);
  const auto plan = plans_->get(grid, 1, shape().windows, at::kCPU);
  const ValidUnits whole{static_cast<double>(grid.height), static_cast<double>(grid.width)};
  StageTokens maps = encoder_->forward(to_units(normalise(pixels), shape().unit_px()), {.plan = {{{plan, whole}}}});
  for (int stage = 0; stage < kNumStages; ++stage) maps[stage] = to_image(maps[stage], *plan, stage)[0].contiguous();
  return maps;
}

}  // namespace glid
