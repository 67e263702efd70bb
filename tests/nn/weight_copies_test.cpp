#include "glid/nn/weight_copies.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include "glid/nn/layers.h"

namespace glid {
namespace {

struct AutocastOn {
  AutocastOn() {
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::increment_nesting();
  }
  ~AutocastOn() {
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
};

// A layer asked twice in a region.
at::Tensor twice(const Linear& layer, const at::Tensor& x, WeightCopies* copies) {
  const AutocastOn autocast;
  const WeightCopies::Region region(copies, at::kCPU);
  return layer.forward(at::gelu(layer.forward(x)));
}

void fill(const Linear& layer, uint64_t seed) {
  at::manual_seed(seed);
  const at::NoGradGuard no_grad;
  layer.weight.normal_();
  layer.bias.normal_();
}

TEST(WeightCopies, BitsOfResultsAndGradientsAreAutocasts) {
  const Linear layer(8, 8);
  const at::Tensor x = at::randn({4, 8});
  WeightCopies copies;
  for (int step = 0; step < 3; ++step) {  // the first region learns what is asked for
    fill(layer, static_cast<uint64_t>(step));
    std::vector<at::Tensor> results;
    for (WeightCopies* lent : {static_cast<WeightCopies*>(nullptr), &copies}) {
      layer.weight.mutable_grad() = layer.bias.mutable_grad() = at::Tensor();
      const at::Tensor y = twice(layer, x, lent);
      y.sum().backward();
      results.insert(results.end(), {y, layer.weight.grad(), layer.bias.grad()});
    }
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(results[i], results[i + 3])) << step << " " << i;
    EXPECT_EQ(results[4].scalar_type(), at::kFloat);
    EXPECT_EQ(copies.size(), 2);
  }
}

// A copy of a weight is in place of a cast: the product reads the copy's memory.
TEST(WeightCopies, ARegionLendsCopiesAlone) {
  const Linear layer(8, 8);
  WeightCopies copies;
  (void)twice(layer, at::randn({4, 8}), &copies);
  {
    const AutocastOn autocast;
    const WeightCopies::Region region(&copies, at::kCPU);
    EXPECT_TRUE(autocast_weight(layer.weight).is_same(autocast_weight(layer.weight)));
    EXPECT_EQ(autocast_weight(layer.weight).grad_fn(), autocast_weight(layer.bias).grad_fn());  // one node for both
    const at::NoGradGuard no_grad;
    const WeightCopies::Region inner(&copies, at::kCPU);
    EXPECT_FALSE(autocast_weight(layer.weight).requires_grad());
  }
  EXPECT_TRUE(autocast_weight(layer.weight).is_same(layer.weight));  // without autocast
}

// Two graphs at once: the second doesn't write where the first one reads.
TEST(WeightCopies, AGraphKeepsItsCopies) {
  const Linear layer(8, 8);
  const at::Tensor x = at::randn({4, 8});
  WeightCopies copies;
  fill(layer, 1);
  (void)twice(layer, x, &copies);
  twice(layer, x, &copies).sum().backward();
  const at::Tensor expected = layer.weight.grad();
  layer.weight.mutable_grad() = at::Tensor();
  const at::Tensor first = twice(layer, x, &copies);
  fill(layer, 2);
  const at::Tensor second = twice(layer, x, &copies);
  first.sum().backward();
  EXPECT_TRUE(at::equal(layer.weight.grad(), expected));
  EXPECT_FALSE(at::equal(first, second));
}

TEST(WeightCopies, FrozenWeightsGetNoGradient) {
  const Linear layer(8, 8);
  layer.weight.set_requires_grad(false);
  WeightCopies copies;
  for (int i = 0; i < 2; ++i) twice(layer, at::randn({4, 8}), &copies).sum().backward();
  EXPECT_FALSE(layer.weight.grad().defined());
  EXPECT_TRUE(layer.bias.grad().defined());
}

}  // namespace
}  // namespace glid
