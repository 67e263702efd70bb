// Which parameters decay, and how fast each learns: rules over names and shapes, the first that matches counts.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/fields.h"
#include "glid/dist/named_tensors.h"

namespace glid {

// Factors of the learning rate by part of the model.
struct LrMultipliers {
  double encoder = 1, bifpn = 1, decoder = 1, unit_decoder = 1, queries = 1, heads = 1;

  template <class V>
  void fields(V& v) {
    v("encoder", encoder, "factor of its learning rate", config::non_negative());
    v("bifpn", bifpn, "the same", config::non_negative());
    v("decoder", decoder, "the same, with [CLS] and [M]", config::non_negative());
    v("unit_decoder", unit_decoder, "of the decoder of mae and mixmae", config::non_negative());
    v("queries", queries, "of the learned queries e", config::non_negative());
    v("heads", heads, "the same", config::non_negative());
  }
};

// The factor of a parameter's learning rate.
struct LrScale {
  LrMultipliers mult;
  double layer_decay = 1;
  std::vector<int64_t> depths;  // the encoder's blocks by stage; a ViT's is one

  double of(std::string_view name) const;
};

// An encoder's layer (microsoft/Swin-Transformer, get_swin_layer; BEiT, get_num_layer_for_vit): 0 for the patch embedding, a
// ViT's positions and class token, 1.. for the blocks; a merging counts as the block before it; all else comes after the
// last block.
int64_t encoder_layer(std::string_view name, std::span<const int64_t> depths);

struct ParamGroup {
  std::string rule;  // what its members have in common, for people
  double weight_decay = 0;
  std::vector<size_t> members;  // indices into the parameter list
  double lr_scale = 1;

  int64_t num_values(const NamedTensors& parameters) const;
};

// Without decay: biases, norms, LayerScale and fusion weights (1-D), tokens, level and position embeddings, bias tables.
// With decay: matrices and convolutions. A group is what shares its rule and its learning rate. Empty groups are left out; a
// parameter that no rule matches is our mistake (TORCH_CHECK names it).
std::vector<ParamGroup> make_param_groups(const NamedTensors& parameters, double weight_decay, const LrScale& scale = {});

}  // namespace glid
