// The generalist encoder-decoder: Swin or ViT, BiFPN, query decoder, linear heads (paper Fig. 2).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "glid/dist/named_tensors.h"
#include "glid/model/bifpn.h"
#include "glid/model/decoder.h"
#include "glid/model/encoder_shape.h"
#include "glid/model/query.h"
#include "glid/model/unit_decoder.h"

namespace glid {

struct ModelShape {
  EncoderShape encoder;
  BifpnConfig bifpn;
  DecoderConfig decoder;
};

// What outputs of a head are the logits of.
enum class Logits {
  kNone,   // no classes
  kEach,   // each class by itself: sigmoid
  kOneOf,  // one class of all, none perhaps behind the others: softmax
};

// One topmost linear layer: all that fine-tuning replaces. More layers make it an MLP of the decoder's width with ReLU
// between, as DETR's boxes and Mask2Former's masks have it.
struct HeadSpec {
  std::string name;
  int64_t outputs = 0;
  int64_t layers = 1;
  std::optional<double> init_std;  // the last layer's weights are normal with it; none: Xavier uniform
  double bias = 0;                 // at the start
  // So many first outputs have a learned number of each learned query added, which starts where the query lies in its
  // group's grid: logits of x and y, as fractions of the picture. 0 or 2.
  int64_t references = 0;
  int64_t residual_blocks = 0;  // MLPs before it, of the width of what it reads, as AIM has them
  Logits logits = Logits::kNone;
};

// x + mlp(norm(x)) of every token.
struct ResidualMlp : torch::nn::Module {
  explicit ResidualMlp(int64_t width);
  at::Tensor forward(const at::Tensor& x) const;  // [.., d]

  std::shared_ptr<LayerNorm> norm;
  std::shared_ptr<Mlp> mlp;
};

// What heads read.
enum class HeadInput {
  kQueries,      // queries, decoded with BiFPN's pyramid: HiddenUnits, LearnedQueries, ClsQuery
  kEncoder,      // the encoder's last tokens: EncodedUnits, EncodedImage
  kUnitDecoder,  // DecodedUnits
};
constexpr auto enum_names(HeadInput) {
  return std::to_array<config::Named<HeadInput>>(
      {{HeadInput::kQueries, "queries"}, {HeadInput::kEncoder, "encoder"}, {HeadInput::kUnitDecoder, "unit_decoder"}});
}

// How an encoder's matrices begin: Swin's way, or MAE's, as the official ViT does (models_mae.py).
enum class EncoderInit { kTruncatedNormal, kXavier };

// What a task needs of the model. A parameter exists only if a task asks for it.
struct TaskSpec {
  std::vector<HeadSpec> heads;
  DecoderQueries queries;
  std::vector<int64_t> supervised_layers;  // decoder layers that heads read, from 1 (0: the queries before them), ascending
                                           // up to the last; empty: the last
  bool features = false;                   // the answer has the feature map
  HeadInput reads = HeadInput::kQueries;
  bool replaces_units = false;     // views may have replaced units
  EncoderInit encoder_init = EncoderInit::kTruncatedNormal;
  UnitDecoderConfig unit_decoder;  // of its reader
};

struct Head : Linear {
  Head(int64_t width, const HeadSpec& spec, int64_t num_learned);
  // [L, B, Q, d] -> [L, B, Q, outputs] of what was asked.
  at::Tensor answer(const at::Tensor& decoded, const Query& query) const;

  HeadSpec spec;
  std::shared_ptr<ModuleList<ResidualMlp>> blocks;  // null: none
  std::vector<std::shared_ptr<Linear>> hidden;
  at::Tensor reference;  // [learned queries, references]
};

struct Heads : torch::nn::Module {
  Heads(int64_t width, const TaskSpec& spec);
  // [L, B, Q, d] -> [L, B, Q, outputs] of the heads that the query names, or of all.
  std::map<std::string, at::Tensor> forward(const at::Tensor& decoded, const Query& query) const;
  const Head& at(const std::string& name) const;

  std::vector<std::shared_ptr<Head>> heads;
};

struct Glid : torch::nn::Module {
  // Our own mistake (TORCH_CHECK) if the supervised layers don't end with the decoder's last.
  Glid(const ModelShape& shape, const TaskSpec& spec);

  // Pixels of units [units, U, U, 3], normalised, of the type of the parameters.
  Pyramid encode(const at::Tensor& units, const View& view) const;
  // -> [L, B, Q, d] of the supervised layers. `features` of the query's images are for masked attention.
  at::Tensor decode(const Pyramid& pyramid, const Query& query, const FeatureMap& features = {}) const;
  // Encodes once, decodes every query if the spec's reader does, and lets the heads answer.
  std::vector<Answer> forward(const at::Tensor& units, const View& view, std::span<const Query> queries) const;

  ModelShape shape;
  TaskSpec spec;
  std::shared_ptr<TokenEncoder> encoder;
  std::shared_ptr<Bifpn> bifpn;               // null unless queries are read
  std::shared_ptr<Decoder> decoder;           // the same
  std::shared_ptr<UnitDecoder> unit_decoder;  // null unless it is read
  std::shared_ptr<Heads> heads;

 private:
  int64_t head_width() const;
  std::vector<Answer> answer_queries(const Pyramid& pyramid, std::span<const Query> queries) const;
  at::Tensor read(const LastTokens& last, const View& view, const Query& query) const;
};

// The finest level of all images, and of some of them (the same memory).
FeatureMap feature_map(const Pyramid& pyramid);
FeatureMap part_of(const FeatureMap& map, const ImageRange& range);

// ImageNet's mean and deviation: uint8 [.., 3] -> `type` of the same shape.
at::Tensor normalise(const at::Tensor& images, at::ScalarType type = at::kFloat);

// Parameters in registration order with their full names, e.g. "encoder.layers.0.blocks.1.attn.qkv.weight".
NamedTensors named_parameters(const torch::nn::Module& module);

}  // namespace glid
