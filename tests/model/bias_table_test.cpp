#include "glid/model/bias_table.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace glid {
namespace {

at::Tensor table(int64_t window) {  // smooth, of two heads
  const int64_t side = 2 * window - 1;
  const at::Tensor place = at::arange(side, at::kDouble) - static_cast<double>(window - 1);
  const at::Tensor first = at::exp(-(place.unsqueeze(1).square() + place.square()) / 20);
  const at::Tensor second = place.unsqueeze(1) * 0.1 - place * 0.05;
  return at::stack({first, second}, 2).view({side * side, 2}).to(at::kFloat);
}

TEST(BiasTable, WindowsOfTables) {
  EXPECT_EQ(window_of_table(169), 7);
  EXPECT_EQ(window_of_table(529), 12);
  EXPECT_EQ(window_of_table(1), 1);
  for (const int64_t rows : {0, 4, 144, 170}) EXPECT_EQ(window_of_table(rows), 0) << rows;
}

TEST(BiasTable, TheSameWindowIsTheSameTable) {
  EXPECT_TRUE(at::allclose(resize_bias_table(table(7), 7, BiasResize::kBicubic), table(7), 0, 1e-6));
}

struct Entry {
  int64_t row, column;
  float first, second;
};

// Of the spline the values of SciPy's RectBivariateSpline at the places of SimMIM's utils.py; of bicubic timm's.
void expect_entries(BiasResize how, int64_t window, const std::vector<Entry>& entries) {
  const int64_t side = 2 * window - 1;
  const at::Tensor resized = resize_bias_table(table(7), window, how).view({side, side, 2});
  for (const auto& [row, column, first, second] : entries) {
    EXPECT_NEAR(resized[row][column][0].item<float>(), first, 2e-6) << window << " " << row << " " << column;
    EXPECT_NEAR(resized[row][column][1].item<float>(), second, 2e-6) << window << " " << row << " " << column;
  }
}

TEST(BiasTable, EqualsThePublicOnes) {
  expect_entries(BiasResize::kGeometric, 12,
                 {{0, 0, 0.0273239f, -0.2999997f},
                  {2, 5, 0.1016586f, -0.327099f},
                  {11, 12, 0.9512294f, -0.05f},
                  {13, 2, 0.2032182f, 0.4495505f},
                  {21, 9, 0.1685811f, 0.6593867f}});
  expect_entries(BiasResize::kGeometric, 5,
                 {{0, 0, 0.2114652f, -0.1970822f},
                  {2, 5, 0.7803321f, -0.2490149f},
                  {4, 5, 0.9512294f, -0.05f},
                  {6, 2, 0.6729586f, 0.2985223f},
                  {7, 2, 0.5276782f, 0.3965705f}});
  expect_entries(BiasResize::kBicubic, 12,
                 {{0, 0, 0.0234688f, -0.304993f},
                  {2, 5, 0.1501773f, -0.3416332f},
                  {11, 12, 0.9897544f, -0.0274595f},
                  {13, 2, 0.2516424f, 0.3734818f},
                  {21, 9, 0.1830323f, 0.6314787f}});
  expect_entries(BiasResize::kBicubic, 5,
                 {{0, 0, 0.0340896f, -0.2915296f},
                  {2, 5, 0.6011116f, -0.3579561f},
                  {4, 5, 0.9031383f, -0.0729081f},
                  {6, 2, 0.4429977f, 0.4275719f},
                  {7, 2, 0.2555039f, 0.5795611f}});
}

}  // namespace
}  // namespace glid
