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
    "shorter sides of training pictures, one of which is drawn; data.image_size is then the shorter side at evaluation, "
    "else that of squares",
    config::positive());
  v("max_size", max_size, "with sizes: the longer side's limit", config::positive());
}

// Mask2Former's pictures (data/dataset_mappers): scaled, cut, mirrored.
struct ScaledCrop {
  std::vector<int64_t> sizes;
  int64_t max_size = 2560;
  std::optional<std::array<int64_t, 2>> crop;
  bool colour = false;
  bool flip = true;

  template <class V>
  void fields(V& v) {
    size_fields(v, sizes, max_size);
    v("crop", crop, "[height, width] that training pictures are cut to where they are larger", config::positive());
    v("colour", colour, "SSD's brightness, contrast, saturation and hue of training pictures");
    v("flip", flip, "half of the training pictures are mirrored");
  }
  // Throws DataError for a sliver.
  Placement training(const PictureSize& image, const SampleKey& key, int64_t size_px) const;
  Placement evaluation(const PictureSize& image, int64_t size_px) const;
};

// DETR's pictures (datasets/coco.py): mirrored, then scaled; half of them scaled and cut before that.
struct ScaledOrCropped {
  std::vector<int64_t> sizes;
  int64_t max_size = 1333;
  std::vector<int64_t> cut_sizes = {400, 500, 600};
  std::array<int64_t, 2> cut = {384, 600};
  bool flip = true;

  template <class V>
  void fields(V& v) {
    size_fields(v, sizes, max_size);
    v("cut_sizes", cut_sizes, "with sizes: shorter sides that half of the pictures have when they are cut; []: none is cut",
      config::positive());
    v("cut", cut, "[least, most] of the sides that are left of those", config::positive());
    v("flip", flip, "half of the training pictures are mirrored");
  }
  void check(config::Problems& problems) const {
    if (cut[0] > cut[1]) problems.add("cut", "must be [least, most]");
  }
  // Throws DataError for a sliver.
  Placement training(const PictureSize& image, const SampleKey& key, int64_t size_px) const;
  Placement evaluation(const PictureSize& image, int64_t size_px) const;
};

}  // namespace glid
