#include "support/formula_weights.h"

#include <gtest/gtest.h>

#include <bit>

#include "support/golden.h"

namespace glid {
namespace {

TEST(FormulaWeights, EqualThePythonTwinBitForBit) {
  const Json file = read_golden("formula.json");
  for (const Json& entry : file.at("tensors").as_array()) {
    const std::string& name = entry.at("name").as_string();
    const at::Tensor tensor = formula_tensor(name, golden_shape(entry));
    const Json::Array& bits = entry.at("bits").as_array();
    for (size_t i = 0; i < bits.size() && static_cast<int64_t>(i) < tensor.numel(); ++i)
      EXPECT_EQ(std::bit_cast<uint32_t>(tensor.const_data_ptr<float>()[i]), bits[i].as_uint()) << name << " element " << i;
    EXPECT_NEAR(tensor.sum(at::kDouble).item<double>(), entry.at("sum").as_double(), 1e-9) << name;
  }
}

}  // namespace
}  // namespace glid
