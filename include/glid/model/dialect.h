// The names that other programs give the weights of a Swin encoder (v1), both ways.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/value.h"
#include "glid/dist/named_tensors.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/swin.h"

namespace glid {

enum class Dialect {
  kGlid,         // ours: official names with norm0..norm3, under `encoder.` beside bifpn, decoder and heads
  kOfficial,     // microsoft/Swin-Transformer; SimMIM, EsViT, MixMIM, Mask2Former and older timm use its names
  kTimm,         // timm since 0.9: `downsample` is the next stage's, the classifier is head.fc
  kHuggingFace,  // transformers' SwinModel and SwinBackbone
  kTorchvision,  // features.N
  kOpenMmlab,    // mmdetection, mmsegmentation, mmpretrain: stages.N, the patches of a merging in another order
};
constexpr auto enum_names(Dialect) {
  return std::to_array<config::Named<Dialect>>({{Dialect::kGlid, "glid"},
                                                {Dialect::kOfficial, "official"},
                                                {Dialect::kTimm, "timm"},
                                                {Dialect::kHuggingFace, "hf"},
                                                {Dialect::kTorchvision, "torchvision"},
                                                {Dialect::kOpenMmlab, "openmmlab"}});
}

// Where a file has an encoder, and what it is.
struct FoundEncoder {
  Dialect dialect = Dialect::kGlid;
  std::string origin;  // in words: "timm", "SimMIM (official names)", "Hugging Face SwinBackbone" ...
  std::string prefix;  // of all its names in the file: "", "model.", "state_dict.backbone." ...
  SwinShape shape;     // by the tensors' shapes
};

// Throws UsageError, naming what it is, for a Swin v2 or a ViT, and DataError where there is no encoder.
FoundEncoder find_encoder(const TensorFile& file, const std::string& where);

// Where a dialect keeps a parameter of the encoder ("layers.0.blocks.1.attn.qkv.weight", without `encoder.`): its name, or
// three for q, k and v, or none where the dialect has no place for it. Names come without prefix.
std::vector<std::string> names_in(Dialect dialect, const std::string& parameter);

// The encoder's parameters in a dialect, from those in our names without `encoder.`, and what has no place there.
struct ForeignTensors {
  NamedTensors tensors;
  std::vector<std::string> left_out;
};
ForeignTensors to_dialect(Dialect dialect, const NamedTensors& encoder);

}  // namespace glid
