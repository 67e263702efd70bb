// What a model is shown of an image when it is measured (no LibTorch).
#pragma once

#include <array>

#include "glid/config/value.h"

namespace glid {

// Test-time augmentation: the answers to all views of an image are averaged.
enum class Tta { kNone, kFlip };
constexpr auto enum_names(Tta) {
  return std::to_array<config::Named<Tta>>(
      {{Tta::kNone, "none", "the image"}, {Tta::kFlip, "flip", "the image and its mirror image"}});
}

}  // namespace glid
