// Matching and losses of detection against transformers' DETR and Deformable DETR (scripts/parity/detection.py).
#include <gtest/gtest.h>

#include "support/detection_case.h"
#include "support/golden.h"

namespace glid {
namespace {

TEST(DetectionGolden, LossesAreThoseOfPublicCriteria) {
  const Json golden = read_golden("detection.json");
  for (const Json& given : golden.at("cases").as_array()) expect_losses(given, detection_losses(given));
}

}  // namespace
}  // namespace glid
