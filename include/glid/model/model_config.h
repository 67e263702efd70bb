// The `model` block of a configuration and the sizes behind its names.
#pragma once

#include <array>
#include <optional>

#include "glid/config/fields.h"
#include "glid/model/glid.h"

namespace glid {

enum class EncoderName { kTiny, kSwinT, kSwinB, kSwinL };
constexpr auto enum_names(EncoderName) {
  return std::to_array<config::Named<EncoderName>>({{EncoderName::kTiny, "tiny"},
                                                    {EncoderName::kSwinT, "swint"},
                                                    {EncoderName::kSwinB, "swinb"},
                                                    {EncoderName::kSwinL, "swinl"}});
}

// Channels, depths, heads, patch and windows of a name (microsoft/Swin-Transformer configs; tiny: the paper's geometry at
// half scale). swinb and swinl have windows 12, 12, 12, 6, which divide the grids of 192 px.
SwinShape swin_preset(EncoderName name);

struct EncoderConfig {
  EncoderName name = EncoderName::kSwinB;
  std::optional<int64_t> patch;
  std::optional<config::OneOrMany<int64_t, kNumStages>> window;
  double drop_path = 0.0;

  template <class V>
  void fields(V& v) {
    v("name", name, "size of the Swin encoder");
    v("patch", patch, "patch side in px; default: the size's own (4, tiny 2). Units are 8 patches wide",
      config::one_of({1, 2, 4, 8}));
    v("window", window, "attention window in tokens, one for all stages or a list of 4; default: the size's own",
      config::in_range(1, 64));
    v("drop_path", drop_path, "drop path of the last block, rising linearly from 0", config::in_range(0, config::below(1)));
  }
  SwinShape shape() const;
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
