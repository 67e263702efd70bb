// Reads the golden files that scripts/parity writes (golden.py states their form) and compares tensors with them.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "glid/core/files.h"
#include "glid/core/json.h"

namespace glid {

// The file `name` below tests/golden.
inline Json read_golden(const std::string& name) {
  const std::filesystem::path path = std::filesystem::path(GLID_TEST_GOLDEN) / name;
  return Json::parse(read_file(path), path.string());
}

inline std::vector<int64_t> golden_shape(const Json& golden) {
  std::vector<int64_t> shape;
  for (const Json& n : golden.at("shape").as_array()) shape.push_back(n.as_int());
  return shape;
}

// Every sampled value within `tolerance`; the sum and the sum of magnitudes within `tolerance` times the number of elements.
inline void expect_matches(const Json& golden, const at::Tensor& tensor, double tolerance, const std::string& what) {
  ASSERT_EQ(tensor.sizes().vec(), golden_shape(golden)) << what;
  const at::Tensor flat = tensor.detach().to(at::kCPU, at::kDouble).contiguous().view(-1);
  const double* values = flat.const_data_ptr<double>();
  const Json::Array &indices = golden.at("indices").as_array(), &expected = golden.at("values").as_array();
  double worst = 0.0;
  int64_t worst_index = -1;
  for (size_t i = 0; i < indices.size(); ++i) {
    const double error = std::abs(values[indices[i].as_int()] - expected[i].as_double());
    ASSERT_FALSE(std::isnan(error)) << what << ": element " << indices[i].as_int();
    if (error > worst) worst = error, worst_index = indices[i].as_int();
  }
  EXPECT_LE(worst, tolerance) << what << ": element " << worst_index;
  const double sum_tolerance = tolerance * static_cast<double>(flat.numel());
  EXPECT_NEAR(flat.sum().item<double>(), golden.at("sum").as_double(), sum_tolerance) << what;
  EXPECT_NEAR(flat.abs().sum().item<double>(), golden.at("abs_sum").as_double(), sum_tolerance) << what;
}

// The same with a tolerance relative to the largest magnitude of the golden tensor.
inline void expect_matches_relative(const Json& golden, const at::Tensor& tensor, double tolerance,
                                    const std::string& what) {
  expect_matches(golden, tensor, tolerance * golden.at("max_abs").as_double(), what);
}

// Numbers by name are those of the case's "losses", to 1e-6 of their size.
inline void expect_losses(const Json& given, const std::map<std::string, std::vector<double>>& losses) {
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

}  // namespace glid
