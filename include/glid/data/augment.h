// How pictures of segmentation and detection are sized, cut and mirrored, as their sources do it (no LibTorch). Everything
// is drawn from the sample's key alone. Without sizes, pictures become squares of data.image_size.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "glid/config/fields.h"
#include "glid/data/placement.h"
#include "glid/data/sample.h"
#include "glid/data/transforms.h"

namespace glid {

// The shorter side becomes `edge` px; where the longer one would exceed `longest`, that one becomes `longest`. Sides are at
// least 1. Rounded as detectron2 does (transforms/augmentation_impl.py, ResizeShortestEdge) ..
PictureSize shortest_edge(const PictureSize& size, int64_t edge, int64_t longest);
// .. and as DETR does (datasets/transforms.py, get_size_with_aspect_ratio); without a limit the longer side is as it comes.
PictureSize shortest_edge_of_detr(const PictureSize& size, int64_t edge, std::optional<int64_t> longest);

// Keys of both kinds below.
template <class V>
void size_fields(V& v, std::vector<int64_t>& sizes, int64_t& max_size) {
  v("sizes", sizes,
    "shorter sides of training pictures, one of which is drawn; with them (or jitter) data.image_size is the shorter "
    "side at evaluation, else that of squares",
    config::positive());
  v("max_size", max_size, "with sizes or jitter: the longer side's limit", config::positive());
}

// Large-scale jitter (Ghiasi et al., Simple Copy-Paste, CVPR 2021; detectron2's ResizeScale and FixedSizeCrop): pictures fit
// into a frame times a random factor, and of those that are larger a part of the frame's size is left.
struct ScaleJitter {
  std::optional<std::array<double, 2>> jitter;
  std::array<int64_t, 2> jitter_size = {1024, 1024};

  template <class V>
  void fields(V& v) {
    v("jitter", jitter,
      "[least, most]: instead of sizes, training pictures fit into jitter_size times a factor drawn between them, and "
      "are cut to it; null: off",
      config::in_range(config::above(0), 10));
    v("jitter_size", jitter_size, "[height, width] of jitter, in px", config::positive());
  }
  void check(const std::vector<int64_t>& sizes, config::Problems& problems) const {
    if (jitter && (*jitter)[0] > (*jitter)[1]) problems.add("jitter", "must be [least, most]");
    if (jitter && !sizes.empty()) problems.add("jitter", "takes the place of sizes: one of them must go");
  }
  // Adds the change of size and the cut. Throws DataError for a sliver.
  void place(Placement& placement, Rng& rng) const;
};

// Mask2Former's pictures (data/dataset_mappers): scaled, cut, mirrored.
struct ScaledCrop {
  std::vector<int64_t> sizes;
  int64_t max_size = 2560;
  std::optional<std::array<int64_t, 2>> crop;
  bool colour = false;
  bool flip = true;
  ScaleJitter jitter;

  template <class V>
  void fields(V& v) {
    size_fields(v, sizes, max_size);
    v("crop", crop, "[height, width] that training pictures are cut to where they are larger", config::positive());
    v("colour", colour, "SSD's brightness, contrast, saturation and hue of training pictures");
    v("flip", flip, "half of the training pictures are mirrored");
    jitter.fields(v);
  }
  void check(config::Problems& problems) const {
    jitter.check(sizes, problems);
    if (jitter.jitter && crop) problems.add("crop", "must be null with jitter, which cuts to jitter_size");
  }
  // Or are squares.
  bool keep_shape() const { return !sizes.empty() || jitter.jitter; }
  // Throws DataError for a sliver.
  Placement training(const PictureSize& image, const SampleKey& key, int64_t size_px) const;
  // At `factor` times the usual size.
  Placement evaluation(const PictureSize& image, int64_t size_px, double factor = 1) const;
};

// DETR's pictures (datasets/coco.py): mirrored, then scaled; half of them scaled and cut before that.
struct ScaledOrCropped {
  std::vector<int64_t> sizes;
  int64_t max_size = 1333;
  std::vector<int64_t> cut_sizes = {400, 500, 600};
  std::array<int64_t, 2> cut = {384, 600};
  bool flip = true;
  ScaleJitter jitter;

  template <class V>
  void fields(V& v) {
    size_fields(v, sizes, max_size);
    v("cut_sizes", cut_sizes, "with sizes: shorter sides that half of the pictures have when they are cut; []: none is cut",
      config::positive());
    v("cut", cut, "[least, most] of the sides that are left of those", config::positive());
    v("flip", flip, "half of the training pictures are mirrored");
    jitter.fields(v);
  }
  void check(config::Problems& problems) const {
    if (cut[0] > cut[1]) problems.add("cut", "must be [least, most]");
    jitter.check(sizes, problems);
  }
  // Or are squares.
  bool keep_shape() const { return !sizes.empty() || jitter.jitter; }
  // Throws DataError for a sliver.
  Placement training(const PictureSize& image, const SampleKey& key, int64_t size_px) const;
  Placement evaluation(const PictureSize& image, int64_t size_px) const;
};

}  // namespace glid
