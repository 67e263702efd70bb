// Fused operations on a CPU against the plain ones: values and gradients.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "glid/model/bifpn_parts.h"
#include "glid/model/encoder_parts.h"
#include "glid/nn/fused.h"
#include "glid/nn/plan_for_checks.h"
#include "glid/nn/window_attention.h"

namespace glid {
namespace {

using Tensors = std::vector<at::Tensor>;
using Operation = std::function<at::Tensor(const Tensors&)>;

// Windows of 5 and 7 don't divide the maps.
std::shared_ptr<const PlanTensors> plan_of(bool masked, int64_t window) {
  return plan_for_checks({4, 5}, masked, window, at::kCPU);
}

// The result and the gradients of the inputs, the first `num_low` of which are given in `type`.
Tensors outcome(const Operation& operation, const Tensors& inputs, size_t num_low, at::ScalarType type) {
  Tensors leaves, given, results;
  for (size_t i = 0; i < inputs.size(); ++i) {
    leaves.push_back(inputs[i].detach().clone().requires_grad_());
    given.push_back(leaves.back().to(i < num_low ? type : at::kFloat));
  }
  const at::Tensor y = operation(given).to(at::kFloat);
  (y * at::arange(y.numel(), y.options()).view(y.sizes()).sin()).sum().backward();
  results.push_back(y.detach());
  for (const at::Tensor& leaf : leaves) results.push_back(leaf.grad());
  return results;
}

void expect_near(const Tensors& results, const Tensors& expected, double tolerance) {
  for (size_t i = 0; i < results.size(); ++i) {
    ASSERT_EQ(results[i].defined(), expected[i].defined()) << "tensor " << i;
    if (!results[i].defined()) continue;
    const double largest = expected[i].abs().max().item<double>();
    EXPECT_LE((results[i] - expected[i]).abs().max().item<double>(), tolerance * largest) << "tensor " << i;
  }
}

void expect_as_plain(const Operation& operation, const Tensors& inputs, size_t num_low, double bf16_tolerance = 2e-2) {
  const auto plain = [&] {
    const PlainOperations asked;
    return outcome(operation, inputs, num_low, at::kFloat);
  }();
  expect_near(outcome(operation, inputs, num_low, at::kFloat), plain, 1e-5);
  expect_near(outcome(operation, inputs, num_low, at::kBFloat16), plain, bf16_tolerance);
}

TEST(FusedOnCpu, WindowAttention) {
  at::manual_seed(0);
  for (const bool masked : {true, false})
    for (const int64_t window : {5, 7, 12})
      for (const bool shifted : {false, true}) {
        SCOPED_TRACE(testing::Message() << "masked " << masked << ", window " << window << ", shifted " << shifted);
        const auto plan = plan_of(masked, window);
        const WindowTensors& windows = plan->windows(0, shifted);
        const int64_t heads = 2, head_dim = window == 7 ? 16 : 32, channels = heads * head_dim,
                      places = (2 * window - 1) * (2 * window - 1);
        const Tensors inputs{at::randn({plan->num_tokens(0), 3 * channels}), at::randn({3 * channels}),
                             at::randn({places, heads})};
        ASSERT_TRUE(fuses_window_attention(inputs[0], inputs[2], windows));
        expect_as_plain([&](const Tensors& x) { return window_attention(x[0], x[1], x[2], windows); }, inputs, 1);
      }
}

TEST(FusedOnCpu, WindowAttentionKeepsWhatIsNotFinite) {
  const auto plan = plan_of(true, 7);
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    const at::Tensor qkv = at::ones({plan->num_tokens(0), 96});
    qkv[5][40] = bad;  // of a key
    const at::Tensor out = window_attention(qkv, at::zeros({96}), at::zeros({169, 2}), plan->windows(0, false));
    EXPECT_TRUE(out.isnan().any().item<bool>()) << bad;
  }
}

TEST(FusedOnCpu, WindowAttentionIsThatOfDoublesElsewhere) {
  const auto plan = plan_of(true, 7);
  const at::Tensor table = at::zeros({169, 2});
  EXPECT_FALSE(fuses_window_attention(at::ones({4, 96}, at::kDouble), table.to(at::kDouble), plan->windows(0, false)));
  EXPECT_FALSE(fuses_window_attention(at::ones({4, 72}), table, plan->windows(0, false)));  // heads of 12
}

TEST(FusedOnCpu, Depthwise) {
  at::manual_seed(0);
  for (const bool masked : {true, false}) {
    const auto plan = plan_of(masked, 7);
    DepthwiseConv3x3 depthwise(48);
    for (const int stage : {0, 2}) {
      const Tensors inputs{at::randn({plan->num_tokens(stage), 48}), at::randn({48, 1, 3, 3})};
      ASSERT_TRUE(fuses_depthwise(inputs[0]));
      const auto run = [&](const Tensors& x) {
        depthwise.weight = x[1];
        return convolve(depthwise, x[0], *plan, stage);
      };
      expect_as_plain(run, inputs, 1);
    }
  }
}

TEST(FusedOnCpu, WeightedSilu) {
  at::manual_seed(0);
  for (const size_t count : {2, 3}) {
    Tensors inputs;
    for (size_t i = 0; i < count; ++i) inputs.push_back(10 * at::randn({300, 32}));
    inputs.push_back(at::rand({static_cast<int64_t>(count)}));
    const auto run = [](const Tensors& x) { return weighted_silu(at::TensorList(x).slice(0, x.size() - 1), x.back()); };
    expect_as_plain(run, inputs, count, 0.1);  // e^x of 16 bits
  }
}

TEST(FusedOnCpu, MapsInUnits) {
  at::manual_seed(0);
  for (const int stage : {0, 1, 2}) {
    const int64_t side = unit_side(stage);
    // Whole numbers, so that some are equal and share the gradient.
    const Tensors fine{at::randint(-2, 3, {10 * side * side, 32}, at::kFloat)};
    expect_as_plain([&](const Tensors& x) { return pool_in_units(x[0], stage); }, fine, 1);
    const Tensors coarse{at::randn({10 * side * side, 32})};
    expect_as_plain([&](const Tensors& x) { return up_in_units(x[0], stage); }, coarse, 1, 0.1);  // sums that nearly cancel
  }
  const at::Tensor bad = at::ones({4, 16});
  bad[2][3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(pool_in_units(bad, 2)[0][3].isnan().item<bool>());
}

TEST(FusedOnCpu, BiasedGelu) {
  at::manual_seed(0);
  const auto run = [](const Tensors& x) {
    return PlainOperations::asked() ? at::gelu(x[0] + x[1]) : fused_biased_gelu(x[0], x[1]);
  };
  for (const std::vector<int64_t>& sizes : std::vector<std::vector<int64_t>>{{300, 48}, {2, 5, 16}, {7, 1024}}) {
    const Tensors inputs{3 * at::randn(sizes), at::randn({sizes.back()})};
    ASSERT_TRUE(fuses_biased_gelu(at::kFloat, inputs[1]));
    expect_as_plain(run, inputs, 1);
  }
  const auto apart = [&](const Tensors& x) { return run({x[0].narrow(1, 3, 32), x[1]}).t(); };
  expect_as_plain(apart, {at::randn({300, 37}), at::randn({32})}, 1);
}

// Far from 0 it is 0 or x; what isn't finite stays so.
TEST(FusedOnCpu, BiasedGeluAtTheEnds) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kInfinite = std::numeric_limits<float>::infinity();
  const at::Tensor x = at::zeros({1, 16});
  const std::vector<std::pair<float, float>> ends{{-1e4, 0},   {-20, 0}, {20, 20}, {1e4, 1e4}, {kInfinite, kInfinite},
                                                  {kNan, kNan}};
  const at::Tensor expected = at::zeros({1, 16});
  for (size_t i = 0; i < ends.size(); ++i) {
    x[0][static_cast<int64_t>(i)] = ends[i].first;
    expected[0][static_cast<int64_t>(i)] = ends[i].second;
  }
  const at::Tensor y = fused_biased_gelu(x, at::zeros({16}));
  EXPECT_TRUE(at::allclose(y, expected, 1e-6, 1e-6, /*equal_nan=*/true)) << y;
}

TEST(FusedOnCpu, GeluOfALinearLayer) {
  at::manual_seed(0);
  for (const bool with_bias : {true, false}) {
    Linear linear(24, 32, with_bias);
    linear.weight = at::randn({32, 24});
    if (with_bias) linear.bias = at::randn({32});
    const auto run = [&](const Tensors& x) { return gelu_of(linear, x[0]); };
    const Tensors inputs{at::randn({2, 9, 24})};
    const at::Tensor plain = at::gelu(linear.forward(inputs[0]));
    expect_near({run(inputs)}, {plain}, 1e-5);
    if (with_bias) {
      EXPECT_TRUE(at::equal(run(inputs), fused_biased_gelu(at::linear(inputs[0], linear.weight), linear.bias)));
    }
    at::autocast::set_autocast_enabled(at::kCPU, true);
    const at::Tensor low = run(inputs);
    at::autocast::set_autocast_enabled(at::kCPU, false);
    at::autocast::clear_cache();
    EXPECT_EQ(low.scalar_type(), at::kBFloat16);
    expect_near({low.to(at::kFloat)}, {plain}, 2e-2);
  }
  Linear uneven(24, 20);
  uneven.weight = at::randn({20, 24});
  EXPECT_FALSE(fuses_biased_gelu(at::kFloat, uneven.bias));
  expect_near({gelu_of(uneven, at::ones({3, 24}))}, {at::gelu(uneven.forward(at::ones({3, 24})))}, 0);
}

// Columns of a wider tensor, their gradients too.
TEST(FusedOnCpu, RowsThatLieApart) {
  at::manual_seed(0);
  const auto plan = plan_of(true, 7);
  const int64_t tokens = plan->num_tokens(0), stage = 0;
  const auto columns = [](const at::Tensor& wide, int64_t size) { return wide.narrow(1, 3, size); };
  const auto apart = [](const at::Tensor& y) { return y.t(); };
  expect_as_plain(
      [&](const Tensors& x) { return apart(window_attention(columns(x[0], 96), x[1], x[2], plan->windows(0, false))); },
      {at::randn({tokens, 101}), at::randn({96}), at::randn({169, 2})}, 1);
  DepthwiseConv3x3 depthwise(48);
  depthwise.weight = at::randn({48, 1, 3, 3});
  expect_as_plain([&](const Tensors& x) { return apart(convolve(depthwise, columns(x[0], 48), *plan, stage)); },
                  {at::randn({tokens, 53})}, 1);
  expect_as_plain(
      [&](const Tensors& x) {
        return apart(weighted_silu({columns(x[0], 32), columns(x[1], 32)}, x[2]));
      },
      {at::randn({300, 37}), at::randn({300, 40}), at::rand({2})}, 2, 0.1);
  expect_as_plain([&](const Tensors& x) { return apart(pool_in_units(columns(x[0], 32), stage)); },
                  {at::randint(-2, 3, {10 * unit_side(stage) * unit_side(stage), 37}, at::kFloat)}, 1);
  expect_as_plain([&](const Tensors& x) { return apart(up_in_units(columns(x[0], 32), stage)); },
                  {at::randn({10 * unit_side(stage) * unit_side(stage), 37})}, 1, 0.1);
}

TEST(FusedOnCpu, NoTokensGiveNone) {
  const at::Tensor none = at::empty({0, 32}).requires_grad_(), weights = at::ones({2});
  for (const at::Tensor& result : {pool_in_units(none, 0), up_in_units(none, 0), weighted_silu({none, none}, weights)}) {
    EXPECT_EQ(result.sizes(), (std::vector<int64_t>{0, 32}));
    result.sum().backward();
  }
  EXPECT_EQ(none.grad().numel(), 0);
  const at::Tensor bias = at::ones({32}).requires_grad_();
  fused_biased_gelu(none, bias).sum().backward();
  EXPECT_EQ(bias.grad().abs().sum().item<double>(), 0);
}

// One thread and two: sums keep their order.
TEST(FusedOnCpu, AnyNumberOfThreadsGivesTheSameBits) {
  at::manual_seed(0);
  const auto plan = plan_of(true, 7);
  const Tensors inputs{at::randn({plan->num_tokens(0), 96}), at::randn({96}), at::randn({169, 2})};
  const Operation attend = [&](const Tensors& x) { return window_attention(x[0], x[1], x[2], plan->windows(0, false)); };
  const Tensors rows{at::randn({300, 48}), at::randn({48})};
  const Operation gelu = [](const Tensors& x) { return fused_biased_gelu(x[0], x[1]); };
  const auto all = [&] {
    Tensors results = outcome(attend, inputs, 1, at::kFloat);
    for (const at::Tensor& result : outcome(gelu, rows, 1, at::kFloat)) results.push_back(result);
    return results;
  };
  const int before = at::get_num_threads();
  at::set_num_threads(1);
  const Tensors one = all();
  at::set_num_threads(2);
  const Tensors two = all();
  at::set_num_threads(before);
  expect_near(two, one, 0);
}

}  // namespace
}  // namespace glid
