// Input: a ground truth, then from the first zero byte on a result file.
#pragma once

#include <algorithm>
#include <string_view>

#include "fuzz/law.h"
#include "glid/core/error.h"
#include "glid/formats/coco_results.h"

namespace glid {

constexpr int64_t kMaxFuzzedPixels = 1 << 20;  // an input must not take seconds

inline void check_truth_laws(const CocoIndex& truth) {
  size_t num_listed = 0;
  for (size_t image = 0; image < truth.images().size(); ++image) {
    for (const uint32_t a : truth.annotations_of(image)) {
      expect_law(truth.annotations()[a].image == image, "an image lists its own annotations");
      ++num_listed;
    }
  }
  expect_law(num_listed == truth.annotations().size(), "every annotation is listed");
  for (const CocoAnnotation& annotation : truth.annotations()) {
    const CocoImage& image = truth.images()[annotation.image];
    if (image.height * image.width > kMaxFuzzedPixels) continue;
    try {
      const Rle mask = truth.segmentation(annotation);
      expect_law(mask.height == image.height && mask.width == image.width, "a mask has its image's size");
    } catch (const DataError&) {}
  }
}

inline void check_results_laws(const CocoResults& out, CocoKind kind) {
  expect_law(out.masks.size() == (kind == CocoKind::kMask ? out.results.size() : 0), "a mask for every result");
  if (kind != CocoKind::kKeypoint) return;
  for (size_t i = 0; i < out.results.size(); ++i) expect_law(out.keypoints_of(i).size() % 3 == 0, "three numbers a joint");
}

inline void fuzz_coco_use(std::string_view bytes, const CocoUse& use) {
  const size_t end = std::min(bytes.find('\0'), bytes.size());
  try {
    const CocoIndex truth = CocoIndex::parse(bytes.substr(0, end), "truth", use);
    check_truth_laws(truth);
    for (const CocoImage& image : truth.images())
      if (image.height * image.width > kMaxFuzzedPixels) return;
    for (const CocoKind kind : {CocoKind::kBox, CocoKind::kMask, CocoKind::kKeypoint}) {
      try {
        check_results_laws(parse_coco_results(bytes.substr(std::min(end + 1, bytes.size())), "results", truth, kind), kind);
      } catch (const DataError&) {}
    }
  } catch (const DataError&) {}
}

inline void fuzz_coco_json(std::string_view bytes) {
  for (const CocoUse& use :
       {CocoUse{}, CocoUse::images(), CocoUse{.learning = false, .files = false, .sizes = false, .masks = false}})
    fuzz_coco_use(bytes, use);
}

}  // namespace glid
