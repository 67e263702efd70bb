// Matching and losses of segmentation against transformers' Mask2Former (scripts/parity/segmentation.py).
#include <gtest/gtest.h>

#include "support/golden.h"
#include "support/segmentation_case.h"

namespace glid {
namespace {

TEST(SegmentationGolden, LossesAreThoseOfThePublicCriterion) {
  const Json golden = read_golden("segmentation.json");
  for (const Json& given : golden.at("cases").as_array()) expect_losses(given, segmentation_losses(given));
}

}  // namespace
}  // namespace glid
