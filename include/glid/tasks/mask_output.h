// From class logits and masks of queries to predictions (Mask2Former, maskformer_model.py), one picture at a time. Below: Q
// queries, K classes, h x w the cells of a picture's map, H x W the size that is asked for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "glid/data/prediction.h"

namespace glid {

// What the queries answer about one view of an image.
struct QueryMasks {
  at::Tensor classes;                       // [Q, K + 1] logits; the last is "no object"
  at::Tensor masks;                         // [Q, h, w] logits; the map covers whole units
  int64_t grid_height = 0, grid_width = 0;  // of these, in pixels
  int64_t height = 0, width = 0;            // of the picture
  bool is_mirrored = false;
};

// Masks [n, h, w] of a view, bilinear to its pixels and cut to the picture, turned back if it is mirrored: [n, height,
// width].
at::Tensor at_picture(const at::Tensor& masks, const QueryMasks& view);

// Maps [n, h, w] -> [n, height, width], bilinear.
at::Tensor resize_maps(const at::Tensor& maps, int64_t height, int64_t width);

// The class of every pixel [H][W]: sums over queries of p(class) x sigmoid(mask) at the picture's size, bilinear to H x W,
// means over the views, the largest. Classes are resized a few at a time.
std::vector<uint16_t> semantic_map(std::span<const QueryMasks> views, int64_t height, int64_t width);

// The `count` best of all queries and classes (the first of equals); the masks are where logits at H x W are positive,
// scores p(class) x the mean of sigmoid(mask) there. Best first by p(class).
std::vector<Detection> mask_instances(const QueryMasks& view, int64_t height, int64_t width, int64_t count = 100);

// Every pixel's owner among the queries that are sure of a class; what is left of a mask must be most of it. Stuff of a
// class is one segment.
struct PanopticRules {
  double min_score = 0.8;    // a query counts above it
  double min_overlap = 0.8;  // owned part of a mask's pixels
};
Panoptic panoptic_map(const QueryMasks& view, const std::vector<bool>& is_thing, int64_t height, int64_t width,
                      const PanopticRules& rules = {});

}  // namespace glid
