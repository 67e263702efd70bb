// The part of a model that features are taken from: its encoder, and where there is one its decoder, which answers [CLS].
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "glid/data/batch.h"
#include "glid/eval/feature_options.h"
#include "glid/model/glid.h"
#include "glid/tasks/viewer.h"

namespace glid {

class FeatureNet : public torch::nn::Module {
 public:
  explicit FeatureNet(const EncoderShape& encoder);
  explicit FeatureNet(const ModelShape& model);

  const EncoderShape& shape() const { return shape_; }
  bool has_decoder() const { return decoder != nullptr; }

  // Of B whole pictures of one size, what options.names() says, in fp32: maps after the stages' norms [B, C, H, W], their
  // means [B, C], or the decoder's last layer at [CLS] after its norm [B, d]. A picture's numbers don't depend on the others
  // beyond rounding.
  std::vector<at::Tensor> operator()(const Batch& batch, const FeatureOptions& options) const;
  // The shape of each of them without B.
  std::vector<std::vector<int64_t>> shapes(const FeatureOptions& options) const;
  // The same sizes with initial values: what an architecture gives without having learned.
  std::shared_ptr<FeatureNet> with_random_weights(uint64_t seed) const;

  std::shared_ptr<TokenEncoder> encoder;
  std::shared_ptr<Bifpn> bifpn;      // none of an encoder alone
  std::shared_ptr<Decoder> decoder;  // none of an encoder alone

 private:
  StageTokens stages(const at::Tensor& units, const View& view) const;

  EncoderShape shape_;
  BifpnConfig bifpn_;
  Viewer viewer_;
};

struct FeatureWeights {
  std::filesystem::path file;  // of any form and dialect (docs/weights.md)
  std::string model;           // the size that the encoder must have, as in model.encoder.name; empty: any
  bool strict = false;         // tensors that are missing or unexpected are refused
};

// In evaluation mode; the log says what was taken. Throws UsageError for an unknown model or weights of another one,
// DataError for weights that are missing, unreadable or not whole.
std::shared_ptr<FeatureNet> load_encoder(const FeatureWeights& weights);
// The same of a file of ours with a decoder; `model` is what its configuration says.
std::shared_ptr<FeatureNet> load_with_decoder(const FeatureWeights& weights, const ModelShape& model);

}  // namespace glid
