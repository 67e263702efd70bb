// A question to the model and its answer (paper Eq. 1: P = H(Dec(Q, Enc(x)))).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "glid/nn/batch_plan.h"

namespace glid {

// How a batch of images is seen.
struct View {
  BatchPlan plan;
  // [2 * blocks, B] uniform in [0, 1): one draw for every residual branch and image. Undefined, or a model in evaluation
  // mode: no branch is dropped.
  at::Tensor drop_path;
  // [n] int64, rows of the units that are seen, of all images in order: those that the encoder sees its mask token in the
  // place of. Undefined: none.
  at::Tensor replaced_units;
  // [B] int64, of a ViT without a class token: a token sees those before it (units in order, row by row inside a unit) and
  // an image's so many first ones (AIM). Undefined: every token sees every token.
  at::Tensor prefix;
};

// Tokens [T_s, C_s] of the four stages, fine to coarse.
using StageTokens = std::array<at::Tensor, kNumStages>;

// What the encoder and the BiFPN make of a view: tokens [T_s, d]. The finest level is the map f^b of Eq. 4.
struct Pyramid {
  StageTokens levels;
  BatchPlan plan;
};

// [CLS] alone: Q = 1.
struct ClsQuery {};

// The list [CLS, M_1, .., M_N] for N hidden units of every image: Q = N + 1 queries, the first one [CLS] (paper
// section 3.1).
struct HiddenUnits {
  at::Tensor cells;  // [B, N] int64, the units' cells within their images
};

// The sums [CLS] + e_i for the rows first, first + 1, .. of the learned table e: Q = count queries (paper Eq. 3).
struct LearnedQueries {
  int64_t count = 0;
  int64_t first = 0;
};

// The encoder's last tokens of N units of every image: Q = N. All units of these images are seen.
struct EncodedUnits {
  at::Tensor cells;     // [B, N] int64
  bool placed = false;  // with MAE's vectors of their positions added
};

// The mean of the encoder's last tokens of an image: Q = 1.
struct EncodedImage {};

// What the unit decoder makes of N units of every image: Q = N.
struct DecodedUnits {
  at::Tensor cells;  // [B, N] int64
};

// The finest level of the query's images laid out: [cells, d], an image's cells row by row, zero where hidden. A cell is a
// patch wide; the grid covers whole units, so that the last cells of an image may lie beyond it (ImageRun::valid).
struct FeatureMap {
  struct Place {
    int64_t offset = 0;             // of `cells`: the image's first
    int64_t height = 0, width = 0;  // in cells
  };
  at::Tensor cells;
  std::vector<Place> images;
};

// Masked attention (Cheng et al., Mask2Former, CVPR 2022): in cross-attention a query sees where its own mask, as it is
// predicted before the layer, is foreground, and all of the image where there is none. No gradient goes through the mask.
struct MaskedAttention {
  std::string head;  // whose outputs make the masks
  // Of the finest level of the query's images and outputs [B, Q, ..] the masks' logits [count, Q, height, width], of each
  // run of alike images.
  std::function<std::vector<at::Tensor>(const FeatureMap& map, const at::Tensor& z)> logits;
};

// What is asked of the images in a range of the batch; B below is their number, Q that of the queries.
struct Query {
  std::variant<HiddenUnits, LearnedQueries, ClsQuery, EncodedUnits, EncodedImage, DecodedUnits> asked;
  ImageRange images;
  at::Tensor self_mask;            // [Q, Q] bool, true = may attend; undefined: every query sees every query
  std::vector<std::string> heads;  // that answer; empty: all
  std::optional<MaskedAttention> masked;
};

struct Answer {
  std::map<std::string, at::Tensor> heads;  // [L, B, Q, outputs]: L supervised layers in TaskSpec's order, the last one last
  FeatureMap features;                      // where the spec asks for it

  const at::Tensor& at(const std::string& head) const { return heads.at(head); }
};

}  // namespace glid
