// How a person becomes a picture of their own: ViTPose's boxes, warp and augmentations (mmpose 0.x, top_down_transform.py,
// post_transforms.py; UDP: Huang et al., CVPR 2020). No LibTorch.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "glid/config/fields.h"
#include "glid/core/rng.h"
#include "glid/data/placement.h"
#include "glid/data/sample.h"
#include "glid/geometry/affine.h"

namespace glid {

// What of an image is seen, turned about its centre. Counted in indices of pixels as UDP does: 0 is the centre of the first
// one, which lies at 0.5 in our coordinates.
struct PersonCrop {
  double cx = 0, cy = 0, width = 0, height = 0;
  double degrees = 0;        // as Affine::rotation
  bool is_mirrored = false;  // its picture is
};

// The box's centre and size, its shorter side extended to `aspect` = width / height of the picture, then all of it by a
// quarter.
PersonCrop crop_around(const Box& box, double aspect);

// The crop as a picture of height x width: index 0 to the left edge of the crop, width - 1 to its right edge (UDP), then
// mirrored if it is to be. In pixels, as Placement::warp wants it.
Affine warp_of(const PersonCrop& crop, int64_t height, int64_t width);
Placement placed_crop(const PersonCrop& crop, const Image& image, int64_t height, int64_t width);

struct CropAugmentation {
  bool flip = true;        // half of them
  double half_body = 0.3;  // how often only the upper or the lower joints are looked at, of persons with more than 8
  double scale = 0.5;      // deviation of the size, which stays within 1 - scale to 1 + scale
  double rotation = 40;    // deviation of the angle in degrees, at most twice as much, 60 % of them
  double jitter = 0.2;     // the centre moves by up to so many of the box's sides, 30 % of them

  template <class V>
  void fields(V& v) {
    v("flip", flip, "half of the training pictures are mirrored, left and right joints with them");
    v("half_body", half_body,
      "part of the persons with more than 8 joints of whom only the upper or lower body is looked at",
      config::in_range(0, 1));
    v("scale", scale, "deviation of the crop's size, 1 in the mean", config::in_range(0, config::below(1)));
    v("rotation", rotation, "deviation of the crop's angle in degrees, 60 % of them", config::in_range(0, 90));
    v("jitter", jitter, "the crop's centre moves by up to so many of the box's sides, 30 % of them", config::in_range(0, 1));
  }
};

// Joints of hips and legs, by their names.
std::vector<bool> lower_joints(std::span<const std::string> joints);

// A person as training sees them; `joints` in the image, `is_lower` of each. A function of what it is given.
struct PersonView {
  const Box& box;
  std::span<const Keypoint> joints;
  const std::vector<bool>& is_lower;
};
PersonCrop training_crop(const PersonView& person, double aspect, const CropAugmentation& augmentation, Rng& rng);

}  // namespace glid
