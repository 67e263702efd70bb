// The generalist encoder-decoder: Swin, BiFPN, query decoder, linear heads (paper Fig. 2).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "glid/dist/named_tensors.h"
#include "glid/model/bifpn.h"
#include "glid/model/decoder.h"
#include "glid/model/query.h"
#include "glid/model/swin.h"

namespace glid {

struct ModelShape {
  SwinShape encoder;
  BifpnShape bifpn;
  DecoderShape decoder;
};

// One topmost linear layer: all that fine-tuning replaces.
struct HeadSpec {
  std::string name;
  int64_t outputs = 0;
};

struct Heads : torch::nn::Module {
  Heads(int64_t width, const std::vector<HeadSpec>& specs);
  Answer forward(const at::Tensor& decoded) const;  // [B, Q, d]

  std::vector<std::pair<std::string, std::shared_ptr<Linear>>> linears;
};

struct Glid : torch::nn::Module {
  Glid(const ModelShape& shape, const std::vector<HeadSpec>& heads);
  // images [B, H, W, 3], normalised, of the type of the parameters.
  Answer forward(const at::Tensor& images, const Query& query) const;

  ModelShape shape;
  std::shared_ptr<Swin> encoder;
  std::shared_ptr<Bifpn> bifpn;
  std::shared_ptr<Decoder> decoder;
  std::shared_ptr<Heads> heads;
};

// ImageNet's mean and deviation: uint8 [B, H, W, 3] -> `type` of the same shape.
at::Tensor normalise(const at::Tensor& images, at::ScalarType type = at::kFloat);

// Parameters in registration order with their full names, e.g. "encoder.layers.0.blocks.1.attn.qkv.weight".
NamedTensors named_parameters(const torch::nn::Module& module);

}  // namespace glid
