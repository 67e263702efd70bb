// The names that other programs give the weights of a Swin encoder (v1), both ways. `Parameters` below are those of our Swin
// by their names without `encoder.`: "layers.0.blocks.1.attn.qkv.weight".
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/value.h"
#include "glid/dist/named_tensors.h"
#include "glid/formats/tensor_file.h"
#include "glid/model/swin.h"

namespace glid {

enum class Dialect {
  kGlid,          // ours: official names with norm0..norm3, under `encoder.`, beside bifpn, decoder and heads
  kOfficial,      // microsoft/Swin-Transformer; SimMIM, EsViT, MixMIM, Mask2Former and timm before 0.9 use its names
  kTimm,          // timm since 0.9: `downsample` is the next stage's, the classifier is head.fc
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

// Where a file has an encoder, and what it is.
struct FoundEncoder {
  Dialect dialect = Dialect::kGlid;
  std::string origin;               // whose names in words: "timm", "SimMIM", "Mask2Former" ...
  std::string prefix;               // of its names in the file: "", "model.", "state_dict.backbone." ...
  std::vector<std::string> others;  // prefixes of further encoders, which are not taken
  SwinShape shape;                  // by the tensors' shapes
};

// Nothing where no encoder is. Throws UsageError, naming what it is, for a Swin v2 or a ViT, and DataError for an encoder
// whose tensors contradict each other; `where` is named.
std::optional<FoundEncoder> find_encoder(const TensorFile& file, const std::string& where);

// "swinb, window 12", or channels, blocks and heads of a size without a name.
std::string encoder_text(const SwinShape& shape);

// Throws UsageError unless channels, depths and heads are `ours`; `option` is what a name behind it sets:
// "model.encoder.name=". Windows and patch may differ.
void require_same_size(const FoundEncoder& found, const SwinShape& ours, const std::string& where,
                       const std::string& option);

// How a dialect spells a parameter, the best first: each spelling is one name, or three for q, k and v. None where the
// dialect has no place for it. Names come without prefix.
using Spelling = std::vector<std::string>;
std::vector<Spelling> spellings(Dialect dialect, const std::string& parameter);

// A parameter in our layout, and the names that it has in the file; undefined where the file lacks it. Throws UsageError for
// numbers that no parameter can take (integers).
struct ReadParameter {
  at::Tensor tensor;
  Spelling names;
  std::vector<std::string> unused;  // of other spellings that the file has too: the final norm beside those of the stages
};
ReadParameter read_parameter(const TensorFile& file, const FoundEncoder& found, const std::string& parameter,
                             const std::string& where);

// Parameters in the names and the layout of a dialect, and those that have no place there.
struct ForeignTensors {
  NamedTensors tensors;
  std::vector<std::string> left_out;
};
ForeignTensors to_dialect(Dialect dialect, const NamedTensors& parameters);

}  // namespace glid
