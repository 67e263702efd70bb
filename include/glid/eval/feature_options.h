// What is taken of images as features, and how they are shown to the model (no LibTorch).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "glid/config/value.h"
#include "glid/data/placement.h"

namespace glid {

// How an image of any size becomes a square.
enum class FeatureTransform { kEval, kSquash };
constexpr auto enum_names(FeatureTransform) {
  return std::to_array<config::Named<FeatureTransform>>(
      {{FeatureTransform::kEval, "eval", "the short side to 256/224 of the size, then the centre: what validations show"},
       {FeatureTransform::kSquash, "squash", "all of the image, whatever its shape"}});
}

enum class FeaturePool { kNone, kMean, kCls };
constexpr auto enum_names(FeaturePool) {
  return std::to_array<config::Named<FeaturePool>>({{FeaturePool::kNone, "none", "maps"},
                                                    {FeaturePool::kMean, "mean", "the mean of each map over its places"},
                                                    {FeaturePool::kCls, "cls", "the decoder's answer to [CLS]"}});
}

// Numbers in the file.
enum class FeatureType { kFp32, kFp16, kBf16 };
constexpr auto enum_names(FeatureType) {
  return std::to_array<config::Named<FeatureType>>(
      {{FeatureType::kFp32, "fp32"}, {FeatureType::kFp16, "fp16"}, {FeatureType::kBf16, "bf16"}});
}

struct FeatureOptions {
  FeatureTransform transform = FeatureTransform::kEval;
  FeaturePool pool = FeaturePool::kNone;
  std::vector<int64_t> stages{1, 2, 3, 4};  // whose maps, ascending; of no meaning for [CLS]
  int64_t size_px = 224;                    // a multiple of the unit (8 x patch)
  int64_t batch = 8;                        // images that the model sees at a time
  int64_t max_bad_files = 100;              // unreadable images that are left out; one more ends the program

  // "stage3", "stage4", or "cls".
  std::vector<std::string> names() const;
};

// From an image of that size to the square. Throws DataError for a sliver that can't be resized.
Placement place_for_features(int64_t height, int64_t width, const FeatureOptions& options);

}  // namespace glid
