#include "glid/model/model_config.h"

#include <c10/util/Exception.h>

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
    default: break;
  }
  TORCH_CHECK(false, config::name_of(name), " is no Swin");
}

VitShape vit_preset(EncoderName name) {
  switch (name) {
    case EncoderName::kTinyVit: return {.channels = 192, .depth = 6, .heads = 3, .patch = 8, .grid = 12};
    case EncoderName::kVitS: return {.channels = 384, .depth = 12, .heads = 6};
    case EncoderName::kVitB: return {.channels = 768, .depth = 12, .heads = 12};
    default: break;
  }
  TORCH_CHECK(false, config::name_of(name), " is no ViT");
}

EncoderShape encoder_preset(EncoderName name) {
  switch (name) {
    case EncoderName::kTinyVit:
    case EncoderName::kVitS:
    case EncoderName::kVitB: return vit_preset(name);
    default: return swin_preset(name);
  }
}

EncoderShape SwinConfig::applied_to(SwinShape preset) const {
  if (patch) preset.patch = *patch;
  if (window) preset.windows = window->values;
  preset.drop_path = drop_path;
  return preset;
}

EncoderShape VitConfig::applied_to(VitShape preset) const {
  if (patch) preset.patch = *patch;
  if (grid) preset.grid = *grid;
  preset.unit = unit;
  preset.positions = positions;
  preset.class_token = class_token;
  preset.layer_scale = layer_scale;
  preset.relative_bias = relative_bias;
  preset.drop_path = drop_path;
  return preset;
}

SwinConfig* EncoderConfig::swin() {
  return std::visit(
      [](auto& keys) -> SwinConfig* {
        if constexpr (requires { keys.window; }) return &keys;
        else return nullptr;
      },
      size);
}

EncoderShape EncoderConfig::shape() const {
  return std::visit(
      []<class Keys, EncoderName kEncoder>(const NamedEncoder<Keys, kEncoder>& keys) {
        if constexpr (requires { keys.window; }) return keys.applied_to(swin_preset(kEncoder));
        else return keys.applied_to(vit_preset(kEncoder));
      },
      size);
}

void VitConfig::check(config::Problems& problems) const {
  if (unit == 2 && patch && *patch % 4 != 0)
    problems.add("patch", "must be a multiple of 4 px where unit is 2", "", "the finest map has a quarter of it");
  const bool has_bias = relative_bias != BiasSharing::kNone;
  if (positions == VitPositions::kNone && !has_bias)
    problems.add("positions", "must be sincos or learned where relative_bias is none", "", "patches had no places else");
  if (positions == VitPositions::kSinCos && has_bias)
    problems.add("positions", "must be none or learned where there is a relative_bias", "",
                 "a file of weights tells fixed positions by what is missing");
}

void ModelConfig::check(config::Problems& problems) const {
  if (bifpn.width != decoder.width)
    problems.add("bifpn.width", "must equal decoder.width", "", format("decoder.width is {}", decoder.width));
}

ModelShape ModelConfig::shape() const { return {encoder.shape(), bifpn, decoder}; }

}  // namespace glid
