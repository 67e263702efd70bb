// What a model is shown of an image when it is measured (no LibTorch).
#pragma once

#include <array>
#include <vector>

#include "glid/config/value.h"

namespace glid {

// Test-time augmentation: the answers to all views of an image are averaged.
enum class Tta { kNone, kFlip, kScalesFlip };
constexpr auto enum_names(Tta) {
  return std::to_array<config::Named<Tta>>(
      {{Tta::kNone, "none", "the image"},
       {Tta::kFlip, "flip", "the image and its mirror image"},
       {Tta::kScalesFlip, "scales_flip", "both at six sizes, from half to 1.75 times the usual one"}});
}

// The sizes, as factors of the usual one, which comes first: Mask2Former's on ADE20K, 320 to 1120 for 640 (its
// configs/ade20k, TEST.AUG.MIN_SIZES).
inline std::vector<double> view_scales(Tta tta) {
  if (tta != Tta::kScalesFlip) return {1};
  return {1, 0.5, 0.75, 1.25, 1.5, 1.75};
}
constexpr bool has_mirrors(Tta tta) { return tta != Tta::kNone; }

}  // namespace glid
