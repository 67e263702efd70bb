// Losses of classes over queries, most of which have no object, and what a target's class costs a query in matching.
// Below: L layers, B pictures, Q queries, K classes, N targets a picture. Computed in the type of the logits.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace glid {

// Sigmoid focal loss with alpha .25, gamma 2 (Lin et al., ICCV 2017; as in Deformable-DETR). logits [L, B, Q, K], classes
// [L, B, Q] int64 with K for "no object"; sums over queries and classes [L, B].
at::Tensor focal_sums(const at::Tensor& logits, const at::Tensor& classes);
// The difference that a target's class makes to the loss: logits [L, B, Q, K], labels [B, N] -> [L, B, Q, N]
// (Deformable-DETR's matcher, with its 1e-8 in the logarithms).
at::Tensor focal_costs(const at::Tensor& logits, const at::Tensor& labels);

// What a query without an object weighs beside one with (DETR, Mask2Former).
inline constexpr double kNoObjectWeight = 0.1;

// Cross-entropy over K classes and the last one, "no object": logits [L, B, Q, K + 1], classes [L, B, Q] -> sums over
// queries [L, B], to be divided by the sum of their weights.
at::Tensor cross_entropy_sums(const at::Tensor& logits, const at::Tensor& classes);
// Those weights of each picture, of whose queries as many have an object as there are targets, or all.
std::vector<double> cross_entropy_weights(std::span<const int64_t> lengths, int64_t num_queries);
// Minus the probability of a target's class: logits [L, B, Q, K + 1], labels [B, N] -> [L, B, Q, N].
at::Tensor cross_entropy_costs(const at::Tensor& logits, const at::Tensor& labels);

}  // namespace glid
