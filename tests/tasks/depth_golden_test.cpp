// Bins, maps and the loss of depth against the equations of the papers (scripts/parity/depth.py).
#include <gtest/gtest.h>

#include "support/depth_case.h"
#include "support/golden.h"

namespace glid {
namespace {

TEST(DepthGolden, BinsMapsAndLossesAreThoseOfTheEquations) {
  const Json golden = read_golden("depth.json");
  for (const Json& given : golden.at("cases").as_array()) expect_losses(given, depth_losses(given));
}

}  // namespace
}  // namespace glid
