#include "glid/nn/row_map.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "glid/nn/window_attention.h"

namespace glid {
namespace {

RowMap example() {  // three rows in five places
  return {at::tensor({1, 3, 0, 3, 2}, at::kLong), at::tensor({2, 0, 4}, at::kLong), at::tensor({1, 3}, at::kLong)};
}

TEST(RowMap, SpreadPlacesRowsAndFills) {
  const at::Tensor x = at::arange(6, at::kDouble).view({3, 2});
  const at::Tensor y = spread(x, example(), at::full({2}, 9.0, at::kDouble));
  EXPECT_TRUE(at::equal(y, at::tensor({2, 3, 9, 9, 0, 1, 9, 9, 4, 5}, at::kDouble).view({5, 2})));
  EXPECT_TRUE(at::equal(collect(y, example()), x));
}

TEST(RowMap, GradientsAreThoseOfAdvancedIndexing) {
  const at::Tensor x = at::rand({3, 2}, at::kDouble).requires_grad_(), fill = at::rand({2}, at::kDouble).requires_grad_();
  const at::Tensor probe = at::rand({5, 2}, at::kDouble);
  const auto reference = at::cat({x, fill.unsqueeze(0)}).index({example().rows});
  const auto expected = torch::autograd::grad({(reference * probe).sum()}, {x, fill});
  const auto got = torch::autograd::grad({(spread(x, example(), fill) * probe).sum()}, {x, fill});
  EXPECT_TRUE(at::allclose(got[0], expected[0]));
  EXPECT_TRUE(at::allclose(got[1], expected[1]));
  RowMap unlisted = example();
  unlisted.empty = at::Tensor();
  const auto without_list = torch::autograd::grad({(spread(x, unlisted, fill) * probe).sum()}, {x, fill});
  EXPECT_TRUE(at::equal(without_list[0], got[0]));
  EXPECT_TRUE(at::allclose(without_list[1], expected[1]));
}

TEST(RowMap, CollectIsTheTransposeOfSpread) {
  const at::Tensor x = at::rand({3, 2}, at::kDouble), y = at::rand({5, 2}, at::kDouble).requires_grad_();
  const double left = (spread(x, example()) * y.detach()).sum().item<double>();
  EXPECT_NEAR(left, (x * collect(y, example())).sum().item<double>(), 1e-12);
  const auto grad = torch::autograd::grad({(collect(y, example()) * x).sum()}, {y});
  EXPECT_TRUE(at::allclose(grad[0], spread(x, example())));
}

TEST(RelativeBias, GradientEqualsIndexSelect) {
  const at::Tensor table = at::rand({9, 2}, at::kDouble).requires_grad_();
  const at::Tensor index = at::randint(0, 9, {3, 4, 4}, at::kInt), probe = at::rand({3, 2, 4, 4}, at::kDouble);
  const at::Tensor reference = table.index_select(0, index.view(-1)).view({3, 4, 4, 2}).permute({0, 3, 1, 2});
  EXPECT_TRUE(at::equal(relative_bias(table, index), reference));
  const auto expected = torch::autograd::grad({(reference * probe).sum()}, {table});
  const auto got = torch::autograd::grad({(relative_bias(table, index) * probe).sum()}, {table});
  EXPECT_TRUE(at::allclose(got[0], expected[0]));
}

}  // namespace
}  // namespace glid
