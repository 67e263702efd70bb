// Which query answers for which target: one-to-one matching of least cost (DETR, Carion et al., ECCV 2020), and what losses
// over matched pairs have in common. Below: L supervised layers, B pictures, Q queries, n_b targets of picture b, N the
// largest n_b, P = sum over b of min(n_b, Q) pairs.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <vector>

#include "glid/tasks/task.h"

namespace glid {

// In every layer the pairs of a picture stand in the same range of P, picture after picture, queries ascending. On the
// device of the costs; nothing is differentiable.
struct MatchedPairs {
  at::Tensor picture;  // [P] int64, the query's
  at::Tensor query;    // [L, P] int64, within its picture
  at::Tensor target;   // [L, P] int64, in the list of the targets of all pictures

  // The rows of answers [L, B, Q, ..] that have a target: [L, P, ..].
  at::Tensor answers(const at::Tensor& all) const;
  // What the targets [sum n, ..] of the batch have, in the order of the pairs: [L, P, ..].
  at::Tensor targets(const at::Tensor& all) const;
  // Sums over the pairs of each picture: [L, P] -> [L, B].
  at::Tensor sums(const at::Tensor& values, int64_t num_pictures) const;
  // The class that each query should give, [L, B, Q] int64: that of its target by labels [sum n], `none` without one.
  at::Tensor classes(const at::Tensor& labels, int64_t num_pictures, int64_t num_queries, int64_t none) const;
};

// Queries that are matched among themselves.
struct QueryGroup {
  int64_t first = 0, count = 0;
  int64_t repeats = 1;  // queries that each target is for
};

// costs [L, B, Q, N], those of a picture's targets in front; lengths[b] = n_b. A cost that is no finite number counts as
// 1e6, as does anything larger: it is for the losses, not for the matching, to show that the model has diverged. One
// to_host(); layers and pictures are solved in as many threads as ATen has, with the same result whatever their number.
MatchedPairs match(const at::Tensor& costs, std::span<const int64_t> lengths);
// The same for each group, whose Q is its count, queries counted from its first; pairs are min(repeats * n_b, count) a
// picture.
std::vector<MatchedPairs> match(const at::Tensor& costs, std::span<const int64_t> lengths,
                                std::span<const QueryGroup> groups);

// Rows [sum n, ..] of the pictures' targets -> [B, N, ..], 0 where a picture has fewer.
at::Tensor padded(const at::Tensor& rows, std::span<const int64_t> lengths);

// min(n_b, num_queries) of every picture.
std::vector<double> num_pairs(std::span<const int64_t> lengths, int64_t num_queries);

// A loss that has a sum in every supervised layer.
struct LayeredTerm {
  std::string name;
  at::Tensor sums;  // [L, B]
  double weight = 1;
  std::string count;
};

// Adds a term for each layer; `supervised` as in TaskSpec.
void layered_terms(Losses& losses, const LayeredTerm& term, std::span<const int64_t> supervised);

}  // namespace glid
