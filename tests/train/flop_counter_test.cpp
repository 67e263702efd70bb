#include "glid/train/flop_counter.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/nn/fused.h"

namespace glid {
namespace {

// Of what `run` does, and of its backward pass.
template <class Run>
std::pair<double, double> flop_of(const Run& run) {
  const FlopCounter counter;
  const at::Tensor result = run();
  const double forward = counter.flop();
  result.sum().backward();
  return {forward, counter.flop() - forward};
}

at::Tensor learned(at::IntArrayRef sizes) { return at::rand(sizes).requires_grad_(); }

TEST(FlopCounter, ProductsOfMatrices) {
  const at::Tensor x = learned({3, 5, 7}), weight = learned({11, 7}), bias = learned({11});
  EXPECT_EQ(flop_of([&] { return at::linear(x, weight, bias); }), std::pair(2.0 * 3 * 5 * 7 * 11, 4.0 * 3 * 5 * 7 * 11));
  const at::Tensor y = learned({3, 7, 2});
  EXPECT_EQ(flop_of([&] { return at::matmul(x, y); }), std::pair(2.0 * 3 * 5 * 7 * 2, 4.0 * 3 * 5 * 7 * 2));
}

TEST(FlopCounter, WhatFusedOperationsTell) {
  const FlopCounter counter;
  record_products(24);
  record_products(1e12);
  EXPECT_EQ(counter.flop(), 1e12 + 24);
}

TEST(FlopCounter, Convolutions) {
  const at::Tensor x = learned({2, 4, 9, 8}), weight = learned({6, 4, 3, 3}), depthwise = learned({4, 1, 3, 3});
  const double outputs = 2.0 * 6 * 5 * 4;
  const auto strided = [&] { return at::conv2d(x, weight, {}, /*stride=*/2, /*padding=*/1); };
  EXPECT_EQ(flop_of(strided), std::pair(2 * outputs * 4 * 9, 4 * outputs * 4 * 9));
  const auto in_channels = [&] { return at::conv2d(x, depthwise, {}, 1, /*padding=*/1, 1, /*groups=*/4); };
  EXPECT_EQ(flop_of(in_channels), std::pair(2.0 * x.numel() * 9, 4.0 * x.numel() * 9));
}

TEST(FlopCounter, AttentionFusedOrNot) {
  const at::Tensor q = learned({2, 3, 5, 8}), k = learned({2, 3, 7, 8}), v = learned({2, 3, 7, 8});
  const double product = 2.0 * 2 * 3 * 5 * 7 * 8;
  const auto [forward, backward] = flop_of([&] { return at::scaled_dot_product_attention(q, k, v); });
  EXPECT_EQ(forward, 2 * product);
  EXPECT_EQ(backward, 4 * product);
  const auto written_out = [&] { return at::matmul(at::matmul(q, k.transpose(2, 3)).softmax(-1), v); };
  EXPECT_EQ(flop_of(written_out), std::pair(2 * product, 4 * product));
}

TEST(FlopCounter, BeginsAnewAndOneAtATime) {
  const at::Tensor x = at::rand({4, 4});
  {
    const FlopCounter counter;
    (void)at::mm(x, x);
    EXPECT_ANY_THROW(FlopCounter{});
    EXPECT_EQ(counter.flop(), 128);
  }
  const FlopCounter next;
  EXPECT_EQ(next.flop(), 0);
}

}  // namespace
}  // namespace glid
