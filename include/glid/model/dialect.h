// The names that other programs give the weights of a Swin encoder (v1), both ways, and those of a ViT as they are read.
// `Parameters` below are those of our encoders by their names without `encoder.`: "layers.0.blocks.1.attn.qkv.weight".
#pragma once

#include <array>
#include <string>
#include <vector>

#include "glid/config/value.h"
#include "glid/dist/named_tensors.h"

namespace glid {

enum class Dialect {
  kGlid,      // ours: official names with norm0..norm3, under `encoder.`, beside bifpn, decoder and heads
  kOfficial,  // microsoft/Swin-Transformer; SimMIM, EsViT, MixMIM, Mask2Former and timm before 0.9 use its names
  kTimm,  // timm since 0.9: `downsample` is the next stage's, the classifier is head.fc; of a ViT timm, DeiT, MAE and BEiT
  kTimmFeatures,  // its features_only models: layers_N
  kHuggingFace,   // transformers' SwinModel and SwinBackbone as they are saved
  kTransformers,  // their modules' names in memory since transformers 5
  kTorchvision,   // features.N
  kOpenMmlab,     // mmdetection, mmsegmentation, mmpretrain: stages.N, the pixels of a merging in another order
};
constexpr auto enum_names(Dialect) {
  return std::to_array<config::Named<Dialect>>({{Dialect::kGlid, "glid"},
                                                {Dialect::kOfficial, "official"},
                                                {Dialect::kTimm, "timm"},
                                                {Dialect::kTimmFeatures, "timm_features"},
                                                {Dialect::kHuggingFace, "hf"},
                                                {Dialect::kTransformers, "transformers"},
                                                {Dialect::kTorchvision, "torchvision"},
                                                {Dialect::kOpenMmlab, "openmmlab"}});
}

// How a dialect spells a parameter, the best first: each spelling is one name, or three for q, k and v, or two for the
// biases of q and v, whose k has none (BEiT). None where the dialect has no place for it. Names come without prefix.
using Spelling = std::vector<std::string>;
std::vector<Spelling> spellings(Dialect dialect, const std::string& parameter);

// Parameters under all their spellings in a dialect (official files get norm3 and norm), in its layout, and those that have
// no place there. Not for kOpenMmlab.
struct ForeignTensors {
  NamedTensors tensors;
  std::vector<std::string> left_out;
};
ForeignTensors to_dialect(Dialect dialect, const NamedTensors& parameters);

}  // namespace glid
