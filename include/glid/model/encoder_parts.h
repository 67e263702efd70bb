// What encoders share: the pixels of units, the projection of patches, a block's MLP, and drop path.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/full.h>
#include <torch/nn/module.h>

#include <memory>
#include <optional>
#include <utility>

#include "glid/model/query.h"
#include "glid/nn/layers.h"
#include "glid/nn/low_precision_norm.h"

namespace glid {

// Image pixels as unit rows: [B, H, W, 3] -> [B * units, U, U, 3], units row-major, U = unit_px; and back.
at::Tensor to_units(const at::Tensor& images, int64_t unit_px);
at::Tensor from_units(const at::Tensor& units, const UnitGrid& grid);

// 2x2 max pooling inside units (cells never straddle a unit): tokens of `stage` [T, C] -> of the coarser stage [T / 4, C].
at::Tensor pool_in_units(const at::Tensor& x, int stage);

// A p x p convolution of stride p, run as a product over patches.
struct PatchProjection : torch::nn::Module {
  PatchProjection(int64_t channels, int64_t patch);
  at::Tensor forward(const at::Tensor& units) const;  // [n, U, U, 3] -> [n (U / p)^2, C], unit-major

  at::Tensor weight, bias;  // [C, 3, p, p], [C]
};

// Tokens x [T, C] of the units that are seen, with the view's replaced ones being the token [C] throughout; x where it has
// none.
at::Tensor replace_units(const at::Tensor& x, const View& view, const at::Tensor& token);

struct Mlp : torch::nn::Module {
  explicit Mlp(int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;

  std::shared_ptr<Linear> fc1, fc2;
};

// Drop path (Huang et al., ECCV 2016): images leave out a block's residual branches, block b of B with the probability
// last * b / (B - 1).
struct DropPath {
  double last = 0;
  int64_t num_blocks = 0;

  // [2, B] factors 0 or 1 / (1 - rate) of the two branches of a block, or undefined where nothing is dropped.
  at::Tensor keep(const View& view, int64_t block) const;
};

// One value of a branch an image, [2, B] -> one a row [2, rows] as per_token() does; undefined stays undefined.
at::Tensor keep_of_rows(const at::Tensor& keep, const BatchPlan& plan, int stage, int64_t beside = 0);

// x + branch, the branch of every row scaled by keep[which] of keep_of_rows(); undefined: as it is.
at::Tensor add_branch(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& keep, int64_t which);

// Branches times what they are learned to count (LayerScale; Touvron et al., ICCV 2021); undefined: as they are.
at::Tensor layer_scaled(const at::Tensor& branch, const at::Tensor& gamma);

// x + attention(norm1(x)), then x + mlp(norm2(x)): the block of every transformer here but the query decoder.
template <class Attention>
struct TransformerBlock : torch::nn::Module {
  // layer_scale: of both branches at the start; none: there is none.
  TransformerBlock(std::shared_ptr<Attention> attention, int64_t channels, double norm_eps,
                   std::optional<double> layer_scale = {})
      : norm1(register_module("norm1", std::make_shared<LayerNorm>(channels, norm_eps))),
        attn(register_module("attn", std::move(attention))),
        norm2(register_module("norm2", std::make_shared<LayerNorm>(channels, norm_eps))),
        mlp(register_module("mlp", std::make_shared<Mlp>(channels))) {
    if (!layer_scale) return;
    gamma_1 = register_parameter("gamma_1", at::full({channels}, *layer_scale));
    gamma_2 = register_parameter("gamma_2", at::full({channels}, *layer_scale));
  }

  // x [.., C]; `keep`: of add_branch(). `where`: what attention wants to know beside its tokens.
  template <class... Where>
  at::Tensor forward(const at::Tensor& x, const at::Tensor& keep, const Where&... where) const {
    const at::Tensor y =
        add_branch(x, layer_scaled(attn->forward(low_precision_norm(*norm1, x), where...), gamma_1), keep, 0);
    return add_branch(y, layer_scaled(mlp->forward(low_precision_norm(*norm2, y)), gamma_2), keep, 1);
  }

  std::shared_ptr<LayerNorm> norm1;
  std::shared_ptr<Attention> attn;
  std::shared_ptr<LayerNorm> norm2;
  std::shared_ptr<Mlp> mlp;
  at::Tensor gamma_1, gamma_2;  // [C] LayerScale; undefined: none
};

}  // namespace glid
