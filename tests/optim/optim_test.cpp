#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "glid/model/parts.h"
#include "glid/optim/adamw.h"
#include "glid/optim/clip.h"
#include "glid/optim/ema.h"
#include "glid/optim/param_groups.h"
#include "glid/optim/precision.h"
#include "support/formula_weights.h"
#include "support/golden.h"

namespace glid {
namespace {

TEST(AdamW, TwentyStepsEqualTorch) {
  const Json golden = read_golden("adamw/adamw.json");
  const Json::Array& tensors = golden.at("tensors").as_array();
  NamedTensors parameters;
  std::vector<at::Tensor> gradients;
  std::vector<ParamGroup> groups;
  for (const Json& tensor : tensors) {
    const std::string& name = tensor.at("name").as_string();
    parameters.emplace_back(name, formula_tensor("adamw." + name, golden_shape(tensor.at("parameter"))));
    gradients.push_back(at::zeros_like(parameters.back().second));
    groups.push_back({name, tensor.at("weight_decay").as_double(), {groups.size()}});
  }
  AdamW optimizer(parameters, gradients, groups, {.betas = {0.9, 0.95}, .eps = golden.at("eps").as_double()});
  const Json::Array& rates = golden.at("lr").as_array();
  for (size_t step = 0; step < rates.size(); ++step) {
    for (size_t i = 0; i < parameters.size(); ++i) {
      const std::string name = "adamw.gradient" + std::to_string(step + 1) + "." + parameters[i].first;
      const auto scale = static_cast<float>(tensors[i].at("gradient_scale").as_double());
      gradients[i].copy_(formula_tensor(name, gradients[i].sizes()) * scale);
    }
    optimizer.step(rates[step].as_double(), at::zeros({}));
  }
  const NamedTensors state = optimizer.state();
  for (size_t i = 0; i < parameters.size(); ++i) {
    expect_matches(tensors[i].at("parameter"), parameters[i].second, 1e-6, parameters[i].first);
    expect_matches_relative(tensors[i].at("first_moment"), state[3 * i].second, 1e-6, state[3 * i].first);
    expect_matches_relative(tensors[i].at("second_moment"), state[3 * i + 1].second, 1e-6, state[3 * i + 1].first);
  }
}

TEST(AdamW, ANonFiniteStepChangesNothing) {
  const at::Tensor weight = at::ones({3}), gradient = at::full({3}, std::numeric_limits<float>::quiet_NaN());
  AdamW optimizer({{"w.weight", weight}}, {gradient}, {{"all", 0.1, {0}}}, {});
  optimizer.step(0.1, at::ones({}));
  EXPECT_TRUE(at::equal(weight, at::ones({3})));
  for (const auto& [name, tensor] : optimizer.state()) EXPECT_EQ(tensor.abs().sum().item<float>(), 0) << name;
  gradient.fill_(1);
  optimizer.step(0.1, at::zeros({}));
  EXPECT_NEAR(weight[0].item<float>(), 0.99 - 0.1, 1e-6);
}

TEST(ParamGroups, EveryKindGoesToItsRule) {
  const NamedTensors parameters{{"a.qkv.weight", at::ones({4, 2})},
                                {"a.qkv.bias", at::ones({4})},
                                {"n.norm1.weight", at::ones({4})},
                                {"decoder.cls_token", at::ones({4})},
                                {"decoder.level_embed", at::ones({3, 4})},
                                {"a.relative_position_bias_table", at::ones({9, 2})},
                                {"b.fusion", at::ones({2})},
                                {"b.depthwise.weight", at::ones({4, 1, 3, 3})}};
  std::vector<double> decay(parameters.size(), -1);
  for (const ParamGroup& group : make_param_groups(parameters, 0.05))
    for (const size_t i : group.members) decay[i] = group.weight_decay;
  EXPECT_EQ(decay, (std::vector<double>{0.05, 0, 0, 0, 0, 0, 0, 0.05}));
  EXPECT_THROW(make_param_groups({{"mystery", at::ones({2, 2})}}, 0.05), c10::Error);
}

TEST(ParamGroups, PartsLearnAtTheirRates) {
  const NamedTensors parameters{{"encoder.norm0.weight", at::ones({4})},
                                {"decoder.cls_token", at::ones({4})},
                                {"decoder.query_embed", at::ones({9, 4})},
                                {"decoder.level_embed", at::ones({3, 4})},
                                {"bifpn.cells.0.bottom_up0.pointwise.weight", at::ones({4, 4})},
                                {"heads.pixels.weight", at::ones({8, 4})}};
  const LrScale scale{{.encoder = 0.1, .bifpn = 0.5, .decoder = 2, .queries = 3, .heads = 4}};
  std::vector<double> rate(parameters.size(), -1), decay(parameters.size(), -1);
  for (const ParamGroup& group : make_param_groups(parameters, 0.05, scale))
    for (const size_t i : group.members) rate[i] = group.lr_scale, decay[i] = group.weight_decay;
  EXPECT_EQ(rate, (std::vector<double>{0.1, 2, 3, 2, 0.5, 4}));
  EXPECT_EQ(decay, (std::vector<double>{0, 0, 0, 0, 0.05, 0.05}));
}

TEST(ParamGroups, LayersOfTheEncoderAreNumberedAsItsMakersDo) {
  const std::vector<int64_t> depths{2, 2, 18, 2};
  EXPECT_EQ(encoder_layer("encoder.patch_embed.proj.weight", depths), 0);
  EXPECT_EQ(encoder_layer("encoder.layers.0.blocks.0.norm1.weight", depths), 1);
  EXPECT_EQ(encoder_layer("encoder.layers.0.downsample.reduction.weight", depths), 2);
  EXPECT_EQ(encoder_layer("encoder.layers.2.blocks.17.mlp.fc1.bias", depths), 22);
  EXPECT_EQ(encoder_layer("encoder.layers.2.downsample.norm.weight", depths), 22);
  EXPECT_EQ(encoder_layer("encoder.layers.3.blocks.1.attn.relative_position_bias_table", depths), 24);
  EXPECT_EQ(encoder_layer("encoder.norm3.weight", depths), 25);
  EXPECT_EQ(encoder_layer("decoder.layers.0.linear1.weight", depths), 25);
  const std::vector<int64_t> vit{12};
  for (const char* first : {"encoder.patch_embed.proj.weight", "encoder.cls_token", "encoder.pos_embed"})
    EXPECT_EQ(encoder_layer(first, vit), 0) << first;
  EXPECT_EQ(encoder_layer("encoder.blocks.11.gamma_1", vit), 12);
  EXPECT_EQ(encoder_layer("encoder.norm.weight", vit), 13);
  EXPECT_EQ(encoder_layer("encoder.pyramid.half.weight", vit), 13);
  const LrScale scale{{.encoder = 0.5}, 0.8, depths};
  EXPECT_DOUBLE_EQ(scale.of("encoder.patch_embed.proj.weight"), 0.5 * std::pow(0.8, 25));
  EXPECT_DOUBLE_EQ(scale.of("encoder.norm3.weight"), 0.5);
  EXPECT_DOUBLE_EQ(scale.of("decoder.layers.0.linear1.weight"), 1);
}

TEST(ParamGroups, EveryPartHasAFactor) {
  const LrScale scale{{2, 2, 2, 2, 2, 2}};
  for (const std::string_view part : kModelParts) EXPECT_EQ(scale.of(std::string(part) + ".weight"), 2) << part;
}

TEST(AdamW, AGroupStepsByItsShareOfTheRate) {
  const at::Tensor slow = at::ones({3}), fast = at::ones({3}), gradient = at::ones({3});
  AdamW optimizer({{"slow", slow}, {"fast", fast}}, {gradient, gradient}, {{"slow", 0, {0}, 0.1}, {"fast", 0, {1}, 1}}, {});
  optimizer.step(0.5, at::zeros({}));
  EXPECT_NEAR(slow[0].item<float>(), 1 - 0.05, 1e-6);
  EXPECT_NEAR(fast[0].item<float>(), 1 - 0.5, 1e-6);
}

TEST(Clip, ScalesToTheNormOrNotAtAll) {
  const std::vector<at::Tensor> gradients{at::full({2}, 3.0f), at::full({1}, 4.0f)};
  const at::Tensor norm = total_norm(gradients);
  EXPECT_NEAR(norm.item<float>(), std::sqrt(9 + 9 + 16), 1e-5);
  clip_to_norm(gradients, norm, 100);
  EXPECT_EQ(gradients[0][0].item<float>(), 3);
  clip_to_norm(gradients, norm, 1);
  EXPECT_NEAR(total_norm(gradients).item<float>(), 1, 1e-5);
}

TEST(Ema, FollowsAndSwaps) {
  const at::Tensor weight = at::zeros({2});
  Ema ema({{"w", weight}}, 0.75, /*warms_up=*/false);
  weight.fill_(4);
  ema.update(at::zeros({}));
  EXPECT_EQ(ema.state()[0].second[0].item<float>(), 1);
  ema.swap();
  EXPECT_EQ(weight[0].item<float>(), 1);
  ema.swap();
  EXPECT_EQ(weight[0].item<float>(), 4);
}

TEST(Ema, WarmsUpAndLeavesSkippedUpdatesOut) {
  const at::Tensor weight = at::zeros({2});
  Ema ema({{"w", weight}}, 0.9, /*warms_up=*/true);
  double average = 0;
  for (int n = 1; n <= 200; ++n) {
    weight.fill_(n);
    ema.update(at::ones({}));  // skipped
    EXPECT_NEAR(ema.state()[0].second[0].item<double>(), average, 1e-5 * n);
    ema.update(at::zeros({}));
    average += (1 - std::min(0.9, (1.0 + n) / (10.0 + n))) * (n - average);
    EXPECT_NEAR(ema.state()[0].second[0].item<double>(), average, 1e-5 * n);
  }
  EXPECT_EQ(ema.state()[1].first, "num_updates");
  EXPECT_EQ(ema.state()[1].second.item<float>(), 200);
}

TEST(Autocast, UpdatedWeightsAreSeenAndTheStateIsRestored) {
  const at::Tensor weight = at::ones({1, 1}).requires_grad_(), x = at::ones({1, 1});
  const auto forward = [&] {
    const AutocastGuard guard(Precision::kBf16, at::kCPU);
    return at::linear(x, weight);
  };
  EXPECT_EQ(forward().scalar_type(), at::kBFloat16);
  {
    const at::NoGradGuard no_grad;
    weight.fill_(40);
  }
  EXPECT_EQ(forward().item<float>(), 40);
  EXPECT_FALSE(at::autocast::is_autocast_enabled(at::kCPU));
  const AutocastGuard none(Precision::kFp32, at::kCPU);
  EXPECT_EQ(at::linear(x, weight).scalar_type(), at::kFloat);
}

// A weight seen without gradients, as in an evaluation, has them again in the next region.
TEST(Autocast, CastsOfOneRegionAreNotTheNextOnes) {
  const at::Tensor weight = at::ones({1, 1}).requires_grad_(), x = at::ones({1, 1});
  {
    const at::NoGradGuard no_grad;
    const AutocastGuard guard(Precision::kBf16, at::kCPU);
    EXPECT_FALSE(at::linear(x, weight).requires_grad());
  }
  const AutocastGuard guard(Precision::kBf16, at::kCPU);
  EXPECT_TRUE(at::linear(x, weight).requires_grad());
}

TEST(LossScaler, BacksOffAfterOverflowAndRestores) {
  LossScaler scaler(Precision::kFp16, at::kCPU);
  const double start = scaler.state()[0];
  const std::vector<at::Tensor> gradients{at::full({2}, static_cast<float>(start))};
  scaler.unscale(gradients);
  EXPECT_EQ(gradients[0][0].item<float>(), 1);
  scaler.update(at::ones({}));
  EXPECT_EQ(scaler.state()[0], start / 2);
  scaler.update(at::zeros({}));
  LossScaler other(Precision::kFp16, at::kCPU);
  other.set_state(scaler.state());
  EXPECT_EQ(other.state(), scaler.state());
  EXPECT_EQ(LossScaler(Precision::kBf16, at::kCPU).scale(at::ones({})).item<float>(), 1);
}

TEST(LossScaler, GrowsAfterTwoThousandGoodStepsInARow) {
  LossScaler scaler(Precision::kFp16, at::kCPU);
  scaler.set_state({1024, 1998});
  scaler.update(at::zeros({}));
  EXPECT_EQ(scaler.state(), (std::array<double, 2>{1024, 1999}));
  LossScaler resumed(Precision::kFp16, at::kCPU);
  resumed.set_state(scaler.state());
  resumed.update(at::zeros({}));
  EXPECT_EQ(resumed.state(), (std::array<double, 2>{2048, 0}));
  resumed.set_state(scaler.state());
  resumed.update(at::ones({}));
  EXPECT_EQ(resumed.state(), (std::array<double, 2>{512, 0}));
}

TEST(LossScaler, AnOverflowIsAFailureOnlyAtTheSmallestFactor) {
  LossScaler scaler(Precision::kFp16, at::kCPU);
  int harmless = 0;
  for (; scaler.failure(at::ones({})).item<float>() == 0; ++harmless) scaler.update(at::ones({}));
  EXPECT_EQ(harmless, 16);  // 65,536 to 1
  EXPECT_EQ(scaler.failure(at::zeros({})).item<float>(), 0);
  scaler.update(at::ones({}));
  EXPECT_EQ(scaler.state()[0], 1);
  EXPECT_EQ(LossScaler(Precision::kFp32, at::kCPU).failure(at::ones({})).item<float>(), 1);
}

}  // namespace
}  // namespace glid
