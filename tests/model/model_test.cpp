#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "glid/model/init.h"
#include "glid/model/model_config.h"
#include "support/plans.h"

namespace glid {
namespace {

ModelShape small_model() {
  ModelShape shape;
  shape.encoder =
      SwinShape{.channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = {6, 6, 6, 6}, .patch = 1};
  shape.bifpn = {.width = 16, .cells = 2};
  shape.decoder = {.layers = 3, .width = 16, .heads = 2};
  return shape;
}

// Pre-training's spec with one head.
TaskSpec masked_spec(int64_t outputs) { return {.heads = {{"pixels", outputs}}, .queries = {.mask_token = true}}; }

// The answers to the hidden units of images [B, H, W, 3], [B, 1 + N, outputs].
at::Tensor ask_hidden(const Glid& model, const at::Tensor& images, const BatchPlan& plan) {
  const std::vector<Query> query{{.asked = HiddenUnits{hidden_cells(plan)}, .images = plan.all()}};
  return model.forward(to_units(images, model.shape.encoder.unit_px()), {.plan = plan}, query)[0].at("pixels")[0];
}

int64_t num_parameters(const torch::nn::Module& module) {
  int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

int64_t encoder_parameters(EncoderName name, int64_t window) {
  SwinShape shape = swin_preset(name);
  shape.windows.fill(window);
  return num_parameters(Swin(shape));
}

// The official counts without classifier, plus norm0..norm2.
TEST(Parameters, EncodersHaveTheOfficialCounts) {
  EXPECT_EQ(encoder_parameters(EncoderName::kSwinB, 7), 86745016);
  EXPECT_EQ(encoder_parameters(EncoderName::kSwinL, 7), 194998164);
  EXPECT_EQ(encoder_parameters(EncoderName::kSwinB, 12), 86880376);
  EXPECT_EQ(encoder_parameters(EncoderName::kSwinL, 12), 195201204);
}

// Cells are rows of tokens where no unit is hidden, and there alone.
TEST(EncodedUnits, AreOfImagesThatAreSeenWhole) {
  const Glid model(small_model(), {.heads = {{"pixels", 12}}, .reads = HeadInput::kEncoder});
  const auto answer = [&](int64_t num_visible) {
    const BatchPlan plan = random_plan(2, {2, 2}, num_visible, StageWindows{6, 6, 6, 6}).first;
    const std::vector<Query> query{{.asked = EncodedUnits{at::zeros({2, 1}, at::kLong)}, .images = plan.all()}};
    return model.forward(at::zeros({8, 8, 8, 3}), {.plan = plan}, query);
  };
  EXPECT_NO_THROW(answer(4));
  EXPECT_ANY_THROW(answer(3));
}

TEST(Parameters, NamesAreUniqueAndInitialised) {
  Glid model(small_model(), masked_spec(12));
  initialise(model, 3);
  std::set<std::string> names;
  for (const auto& [name, parameter] : named_parameters(model)) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_TRUE(at::isfinite(parameter).all().item<bool>()) << name;
  }
  for (const char* name :
       {"encoder.layers.0.blocks.1.attn.relative_position_bias_table", "encoder.layers.2.downsample.reduction.weight",
        "encoder.norm3.weight", "decoder.cls_token", "decoder.mask_token", "decoder.level_embed",
        "decoder.layers.2.linear2.bias", "decoder.norm.weight", "heads.pixels.weight"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(Init, DependsOnSeedAndNameAlone) {
  Glid a(small_model(), masked_spec(12)), b(small_model(), {.heads = {{"boxes", 4}, {"pixels", 12}}}),
      c(small_model(), masked_spec(12));
  initialise(a, 3), initialise(b, 3), initialise(c, 4);
  EXPECT_TRUE(at::equal(a.encoder->named_parameters()["patch_embed.proj.weight"],
                        b.encoder->named_parameters()["patch_embed.proj.weight"]));
  EXPECT_TRUE(at::equal(a.heads->heads[0]->weight, b.heads->heads[1]->weight));
  EXPECT_FALSE(at::equal(a.decoder->cls_token, c.decoder->cls_token));
  EXPECT_NEAR(a.decoder->layers->items[0]->linear1->weight.std().item<double>(), std::sqrt(2.0 / (16 + 64)), 0.02);
  EXPECT_TRUE(at::equal(a.bifpn->cells->items[0]->bottom_up[1]->fusion, at::ones({3})));
}

// Hidden pixels enter nothing: encoder, BiFPN and prediction stay the same, bit for bit.
TEST(Leakage, HiddenPixelsChangeNothing) {
  const ModelShape shape = small_model();
  Glid model(shape, masked_spec(192));
  initialise_randomly(model);
  const auto [plan, visible] = random_plan(3, {3, 4}, 4, shape.encoder.windows());
  at::Tensor images = at::rand({3, 24, 32, 3});
  const at::NoGradGuard no_grad;
  const at::Tensor before = ask_hidden(model, images, plan);
  const Pyramid pyramid_before = model.encode(to_units(images, 8), {.plan = plan});
  const at::Tensor hidden =
      visible.logical_not().view({3, 3, 1, 4, 1, 1}).expand({3, 3, 8, 4, 8, 3}).reshape({3, 24, 32, 3});
  images = at::where(hidden, at::rand(images.sizes()) * 100, images);
  EXPECT_TRUE(at::equal(ask_hidden(model, images, plan), before));
  const Pyramid pyramid_after = model.encode(to_units(images, 8), {.plan = plan});
  for (int s = 0; s < kNumStages; ++s) EXPECT_TRUE(at::equal(pyramid_before.levels[s], pyramid_after.levels[s])) << s;
}

// A BiFPN over dense maps, zero at hidden cells after every node: the plain pyramid when all is visible.
std::array<at::Tensor, 4> dense_bifpn(const Bifpn& bifpn, const StageTokens& stages, const PlanTensors& plan,
                                      const std::array<at::Tensor, 4>& masks) {
  std::array<at::Tensor, 4> p;
  for (int s = 0; s < 4; ++s) p[s] = to_image((*bifpn.laterals)[s].forward(stages[s]), plan, s);
  const auto node = [&](const FusionNode& n, const std::vector<at::Tensor>& inputs, int s) {
    at::Tensor sum = at::zeros_like(inputs[0]);
    const at::Tensor w = n.fusion.relu() / (n.fusion.relu().sum() + 1e-4);
    for (size_t i = 0; i < inputs.size(); ++i) sum = sum + w[static_cast<int64_t>(i)] * inputs[i];
    const at::Tensor y = at::conv2d(at::silu(sum), n.depthwise->weight, {}, 1, 1, 1, sum.size(1)).permute({0, 2, 3, 1});
    return n.norm->forward(n.pointwise->forward(y)).permute({0, 3, 1, 2}) * masks[s];
  };
  const auto up = [](const at::Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); };
  const auto down = [](const at::Tensor& x) { return at::max_pool2d(x, {2, 2}, {2, 2}); };
  for (int64_t c = 0; c < bifpn.cells->size(); ++c) {
    const BifpnCell& cell = (*bifpn.cells)[c];
    const at::Tensor t2 = node(*cell.top_down[1], {p[2], up(p[3])}, 2), t1 = node(*cell.top_down[0], {p[1], up(t2)}, 1);
    std::array<at::Tensor, 4> o;
    o[0] = node(*cell.bottom_up[0], {p[0], up(t1)}, 0);
    o[1] = node(*cell.bottom_up[1], {p[1], t1, down(o[0])}, 1);
    o[2] = node(*cell.bottom_up[2], {p[2], t2, down(o[1])}, 2);
    o[3] = node(*cell.bottom_up[3], {p[3], down(o[2])}, 3);
    p = o;
  }
  return p;
}

class BifpnAgainstDense : public testing::TestWithParam<int64_t> {};

TEST_P(BifpnAgainstDense, Agrees) {
  Bifpn bifpn({.width = 8, .cells = 2}, {8, 16, 32, 64});
  initialise_randomly(bifpn);
  bifpn.to(at::kDouble);
  const auto [plan, visible] = random_plan(2, {3, 2}, GetParam(), {6, 6, 6, 6});
  const PlanTensors& run = *plan.runs[0].plan;
  StageTokens stages;
  std::array<at::Tensor, 4> masks;
  for (int s = 0; s < 4; ++s) {
    stages[s] = at::randn({run.num_tokens(s), 8 << s}, at::kDouble);
    masks[s] = to_image(at::ones({run.num_tokens(s), 1}, at::kDouble), run, s);
  }
  const StageTokens got = bifpn.forward(stages, plan);
  const auto expected = dense_bifpn(bifpn, stages, run, masks);
  for (int s = 0; s < 4; ++s)
    EXPECT_LT((to_image(got[s], run, s) - expected[s]).abs().max().item<double>(), 1e-10) << "level " << s;
}

INSTANTIATE_TEST_SUITE_P(MaskedAndWhole, BifpnAgainstDense, testing::Values(2, 6));

TEST(Bifpn, KnowsItsSmallestFusionWeight) {
  const Bifpn bifpn({.width = 8, .cells = 2}, {8, 16, 32, 64});
  EXPECT_NEAR(smallest_fusion_weight(bifpn), 1.0 / 3, 1e-4);
  const at::NoGradGuard no_grad;
  bifpn.cells->items[1]->bottom_up[2]->fusion[1] = 0.1f;
  EXPECT_NEAR(smallest_fusion_weight(bifpn), 0.1 / 2.1, 1e-4);
  bifpn.cells->items[0]->top_down[0]->fusion[0] = -1.0f;
  EXPECT_EQ(smallest_fusion_weight(bifpn), 0);
}

TEST(Decoder, EveryNormOrderAndPositionKindLearnsFromEveryParameter) {
  const std::array kinds{PositionKind::kFourier, PositionKind::kSine};
  for (const NormOrder norm : {NormOrder::kPost, NormOrder::kPre})
    for (const QueryPosition where : {QueryPosition::kBoth, QueryPosition::kContent, QueryPosition::kAttention}) {
      ModelShape shape = small_model();
      shape.decoder.norm = norm;
      shape.decoder.query_pos = where;
      shape.decoder.positions = kinds[norm == NormOrder::kPre];
      Glid model(shape, masked_spec(5));
      initialise(model, 1);  // fusion weights above zero
      const auto plan = random_plan(2, {3, 3}, 3, shape.encoder.windows()).first;
      const at::Tensor out = ask_hidden(model, at::rand({2, 24, 24, 3}), plan);
      EXPECT_EQ(out.sizes(), (std::vector<int64_t>{2, 7, 5}));
      out.narrow(1, 1, 6).square().sum().backward();
      for (const auto& [name, parameter] : named_parameters(model))
        EXPECT_TRUE(parameter.grad().defined() && parameter.grad().abs().sum().item<double>() > 0) << name;
    }
}

TEST(Decoder, QueriesAreToldApartByTheirPositionsOnly) {
  const ModelShape shape = small_model();
  Glid model(shape, masked_spec(5));
  initialise_randomly(model);
  const auto plan = random_plan(1, {3, 3}, 3, shape.encoder.windows()).first;
  const at::NoGradGuard no_grad;
  const at::Tensor out = ask_hidden(model, at::rand({1, 24, 24, 3}), plan)[0];
  EXPECT_GT((out[1] - out[2]).abs().max().item<double>(), 1e-4);
}

}  // namespace
}  // namespace glid
