#include "glid/model/model_config.h"

#include "glid/core/format.h"

namespace glid {

SwinShape swin_preset(EncoderName name) {
  switch (name) {
    case EncoderName::kTiny:
      return {.channels = 32, .depths = {2, 2, 2, 2}, .heads = {2, 4, 8, 16}, .windows = {6, 6, 6, 6}, .patch = 2};
    case EncoderName::kSwinT:
      return {.channels = 96, .depths = {2, 2, 6, 2}, .heads = {3, 6, 12, 24}, .windows = {7, 7, 7, 7}};
    case EncoderName::kSwinB:
      return {.channels = 128, .depths = {2, 2, 18, 2}, .heads = {4, 8, 16, 32}, .windows = {12, 12, 12, 6}};
    case EncoderName::kSwinL:
      return {.channels = 192, .depths = {2, 2, 18, 2}, .heads = {6, 12, 24, 48}, .windows = {12, 12, 12, 6}};
  }
  return {};
}

SwinShape EncoderConfig::shape() const {
  SwinShape shape = swin_preset(name);
  if (patch) shape.patch = *patch;
  if (window) shape.windows = window->values;
  shape.drop_path = drop_path;
  return shape;
}

void ModelConfig::check(config::Problems& problems) const {
  if (bifpn.width != decoder.width)
    problems.add("bifpn.width", "must equal decoder.width", "", format("decoder.width is {}", decoder.width));
}

ModelShape ModelConfig::shape() const { return {encoder.shape(), bifpn, decoder}; }

}  // namespace glid
