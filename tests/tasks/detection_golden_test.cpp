// Matching and losses of detection against transformers' DETR and Deformable DETR (scripts/parity/detection.py).
#include <gtest/gtest.h>

#include "support/detection_case.h"
#include "support/golden.h"

namespace glid {
namespace {

TEST(DetectionGolden, LossesAreThoseOfPublicCriteria) {
  const Json golden = read_golden("detection.json");
  for (const Json& given : golden.at("cases").as_array()) {
    const auto losses = detection_losses(given);
    const Json::Object& expected = given.at("losses").as_object();
    EXPECT_EQ(losses.size(), expected.size());
    for (const auto& [name, values] : expected) {
      const std::vector<double>& own = losses.at(name);
      ASSERT_EQ(own.size(), values.as_array().size());
      for (size_t i = 0; i < own.size(); ++i)
        EXPECT_NEAR(own[i], values.as_array()[i].as_double(), 1e-6 * std::max(1.0, own[i]))
            << given.at("name").as_string() << ": " << name << " " << i;
    }
  }
}

}  // namespace
}  // namespace glid
