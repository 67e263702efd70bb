// Initial values by parameter name, each a function of (seed, name) alone.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "glid/model/glid.h"

namespace glid {

// Encoder matrices and bias tables: normal(0, 0.02) truncated to [-2, 2] (Swin); other matrices and convolutions: Xavier
// uniform; tokens and level embeddings: normal(0, 0.02); biases, learned queries and references 0; norms and fusion
// weights 1; LayerScale keeps what the shape says. Our own mistake if a name matches no rule (TORCH_CHECK).
void initialise(torch::nn::Module& model, uint64_t seed);
// The same, then learned queries, heads and, where the spec says so, the encoder's linear layers and its projection of
// patches, as a matrix: Xavier uniform (MAE, models_mae.py).
void initialise(Glid& model, uint64_t seed);

}  // namespace glid
