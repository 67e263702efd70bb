// What the rest of a model asks of its encoder: tokens of the units that are visible, at four strides.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "glid/model/query.h"

namespace glid {

class EncoderShape;

// What an encoder's last block gives after its norm, for tasks that read it without a decoder.
struct LastTokens {
  at::Tensor tokens;           // [T_s, C_s] of `stage`
  int stage = kNumStages - 1;  // the stage whose tokens of a plan they are
  at::Tensor cls;              // [B, C_s] the class token after the same norm; undefined where the encoder has none
};

// What of an encoder a task needs. A parameter exists only if a task asks for it.
struct EncoderUse {
  bool pyramid = true;      // forward(): its norms, or the layers that make it
  bool mask_token = false;  // for views that replace units
};

struct TokenEncoder : torch::nn::Module {
  virtual EncoderShape encoder_shape() const = 0;
  // Pixels of units [units, U, U, 3], normalised -> tokens [T_s, C_s] of the four stages, sides 8, 4, 2, 1 of a unit.
  // Branches are dropped in training mode only. Our own mistake (TORCH_CHECK) where there is no pyramid.
  virtual StageTokens forward(const at::Tensor& units, const View& view) const = 0;
  // The same pixels -> the last block alone.
  virtual LastTokens last_tokens(const at::Tensor& units, const View& view) const = 0;
};

}  // namespace glid
