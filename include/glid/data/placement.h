// How a sample becomes a picture that the network sees: one geometry for its pixels and for all that is known about it, and
// the way back (no LibTorch).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "glid/data/sample.h"
#include "glid/formats/resize.h"
#include "glid/geometry/affine.h"

namespace glid {

// A part of an image in whole pixels.
struct CropBox {
  int64_t top = 0, left = 0, height = 0, width = 0;
  bool operator==(const CropBox&) const = default;
};

// Crops, changes of size, flips and warps in the order in which they are added, from an original of height x width pixels:
//   Placement(480, 640).crop({0, 100, 400, 400}).resize(224, 224).flip()
// Every step sees what the one before left of the picture and nothing around it. Sizes and boxes that can't be are
// std::invalid_argument: whoever draws the geometry keeps to the image.
class Placement {
 public:
  Placement(int64_t height, int64_t width);

  // The part inside `box`, which lies in the picture.
  Placement& crop(const CropBox& box);
  // x becomes x * width / (width before), y alike.
  Placement& resize(int64_t height, int64_t width);
  // x becomes width - x.
  Placement& flip();
  // The picture through `map`, seen in a frame of height x width with its corner at (0, 0); nothing is known (0 in images)
  // where the frame shows what lies outside of the picture. Rotations for depth, a person's box for pose.
  Placement& warp(const Affine& map, int64_t height, int64_t width);

  // Of the picture, in pixels.
  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  int64_t original_height() const { return original_height_; }
  int64_t original_width() const { return original_width_; }
  // From pixels of the original to pixels of the picture; apply() of affine.h takes points and boxes there.
  const Affine& to_picture() const { return to_picture_; }
  // The way back, for predictions: to_picture and then to_original is the identity to rounding.
  Affine to_original() const { return to_picture_.inverse(); }
  bool is_mirrored() const { return to_picture_.determinant() < 0; }

  struct Resize {
    int64_t height, width;
    bool operator==(const Resize&) const = default;
  };
  struct Flip {
    bool operator==(const Flip&) const = default;
  };
  struct Warp {
    Affine back;  // from the new picture to the one before
    int64_t height, width;
    bool operator==(const Warp&) const = default;
  };
  struct Step {
    std::variant<CropBox, Resize, Flip, Warp> operation;
    int64_t height, width;  // of the picture before it
    bool operator==(const Step&) const = default;
  };
  const std::vector<Step>& steps() const { return steps_; }
  bool operator==(const Placement&) const = default;

 private:
  Placement& add(const Step& step, const Affine& map, int64_t height, int64_t width);

  int64_t original_height_, original_width_;
  int64_t height_, width_;
  Affine to_picture_;
  std::vector<Step> steps_;
};

// The functions below throw std::invalid_argument when the placement is for another size than that of the image, mask or
// map.

// Sizes change as in resize(), with `filter`; warps take the four nearest pixels (bilinear) where a pixel's centre comes
// from within the picture, and 0 elsewhere.
Image place_image(const Image& image, const Placement& placement, Filter filter);

// The value at joint i of a mirrored person is that of joint mirrored_joints[i]: `left` and `right`, `left_*` and `right_*`
// change places, other names stay. For keypoints here and for predictions on flipped pictures.
std::vector<int64_t> mirrored_joints(std::span<const std::string> joints);

// Everything known about an image, about its picture instead:
// - Boxes are clipped to the picture (after a warp: the box around the four corners); instances whose box has no area in it
//   are dropped. Areas scale with the map and with the part of the box that is left.
// - Masks, labels, segments and depths are those of the original's pixel under the centre of each of the picture's: one
// lookup
//   through all steps. Outside: 0, kIgnoreLabel, 0, 0. A mask may become empty where the box doesn't; a segment without a
//   pixel is dropped, the others keep their ids.
// - A keypoint outside of the picture is kUnlabelled; its coordinates are as mapped. If the picture is mirrored, joints
//   change places by `mirrored` (mirrored_joints of the vocabulary), which is as long as an instance's keypoints.
// Metres stay metres whatever the size.
Targets place_targets(const Targets& targets, const Placement& placement, std::span<const int64_t> mirrored);

}  // namespace glid
