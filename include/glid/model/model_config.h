// The `model` block of a configuration and the sizes behind its names.
#pragma once

#include <array>
#include <optional>
#include <variant>

#include "glid/config/fields.h"
#include "glid/model/encoder_shape.h"
#include "glid/model/glid.h"

namespace glid {

enum class EncoderName { kTiny, kSwinT, kSwinB, kSwinL, kTinyVit, kVitS, kVitB };
constexpr auto enum_names(EncoderName) {
  return std::to_array<config::Named<EncoderName>>({{EncoderName::kTiny, "tiny"},
                                                    {EncoderName::kSwinT, "swint"},
                                                    {EncoderName::kSwinB, "swinb"},
                                                    {EncoderName::kSwinL, "swinl"},
                                                    {EncoderName::kTinyVit, "tiny_vit"},
                                                    {EncoderName::kVitS, "vits"},
                                                    {EncoderName::kVitB, "vitb"}});
}

// Channels, depths, heads, patch and windows of a Swin's name (microsoft/Swin-Transformer configs; tiny: the paper's
// geometry at half scale). swinb and swinl have windows 12, 12, 12, 6, which divide the grids of 192 px.
SwinShape swin_preset(EncoderName name);
// The same of a ViT's (timm vit_small_patch16, vit_base_patch16; tiny_vit: of the size of tiny, with its units of 16 px).
VitShape vit_preset(EncoderName name);
// Of any.
EncoderShape encoder_preset(EncoderName name);

// The keys of a Swin, whatever its size.
struct SwinConfig {
  std::optional<int64_t> patch;
  std::optional<config::OneOrMany<int64_t, kNumStages>> window;
  double drop_path = 0.0;

  template <class V>
  void fields(V& v) {
    v("patch", patch, "patch side in px; default: the size's own (4, tiny 2). Units are 8 patches wide",
      config::one_of({1, 2, 4, 8}));
    v("window", window, "attention window in tokens, one for all stages or a list of 4; default: the size's own",
      config::in_range(1, 64));
    v("drop_path", drop_path, "drop path of the last block, rising linearly from 0", config::in_range(0, config::below(1)));
  }
  EncoderShape applied_to(SwinShape preset) const;
};

// The keys of a ViT, whatever its size.
struct VitConfig {
  std::optional<int64_t> patch;
  int64_t unit = 2;
  std::optional<int64_t> grid;
  VitPositions positions = VitPositions::kLearned;
  bool class_token = true;
  std::optional<double> layer_scale;
  BiasSharing relative_bias = BiasSharing::kNone;
  double drop_path = 0.0;

  template <class V>
  void fields(V& v) {
    v("patch", patch, "patch side in px; default: the size's own (16, tiny_vit 8)", config::in_range(1, 64));
    v("unit", unit, "patches along a unit's side: 2, or 1 without the pyramid that BiFPN and decoder look at",
      config::one_of({1, 2}));
    v("grid", grid,
      "patches along a side of the images that learned positions and bias tables are made for (others resize them); "
      "default: the size's own (14, tiny_vit 12)",
      config::in_range(1, 256));
    v("positions", positions, "vectors added to the patches: MAE's fixed ones, learned ones, or none");
    v("class_token", class_token, "a token beside the patches, which they see");
    v("layer_scale", layer_scale, "what residual branches are multiplied with at the start, as in BEiT (0.1); null: nothing",
      config::positive());
    v("relative_bias", relative_bias, "BEiT's biases by the distance of two patches: one table for all blocks, or one each");
    v("drop_path", drop_path, "drop path of the last block, rising linearly from 0", config::in_range(0, config::below(1)));
  }
  void check(config::Problems& problems) const;
  EncoderShape applied_to(VitShape preset) const;
};

// A size with its keys.
template <class Keys, EncoderName kEncoder>
struct NamedEncoder : Keys {
  static constexpr std::string_view kName = config::name_of(kEncoder);
};
using TinySwin = NamedEncoder<SwinConfig, EncoderName::kTiny>;
using SwinB = NamedEncoder<SwinConfig, EncoderName::kSwinB>;
using TinyVit = NamedEncoder<VitConfig, EncoderName::kTinyVit>;

struct EncoderConfig {
  std::variant<TinySwin, NamedEncoder<SwinConfig, EncoderName::kSwinT>, SwinB, NamedEncoder<SwinConfig, EncoderName::kSwinL>,
               TinyVit, NamedEncoder<VitConfig, EncoderName::kVitS>, NamedEncoder<VitConfig, EncoderName::kVitB>>
      size = SwinB{};

  template <class V>
  void fields(V& v) {
    v.variant("name", size, "size of the encoder: a Swin, or a ViT");
  }
  SwinConfig* swin();  // null: another encoder
  EncoderShape shape() const;
};

struct ModelConfig {
  EncoderConfig encoder;
  BifpnConfig bifpn;
  DecoderConfig decoder;

  template <class V>
  void fields(V& v) {
    v("encoder", encoder, "");
    v("bifpn", bifpn, "");
    v("decoder", decoder, "");
  }
  void check(config::Problems& problems) const;
  ModelShape shape() const;
};

}  // namespace glid
