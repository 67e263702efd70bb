#include "glid/model/vit.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <atomic>
#include <string_view>

#include "glid/model/encoder_shape.h"
#include "glid/model/glid.h"
#include "glid/model/init.h"
#include "glid/model/model_config.h"
#include "support/plans.h"

namespace glid {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

VitShape small_vit() {
  return {.channels = 16, .depth = 2, .heads = 2, .patch = 4, .unit = 2, .positions = VitPositions::kSinCos, .grid = 6};
}

// The same model on the dense grid, row by row: hidden patches are there, but nobody attends to them.
class DenseVit {
 public:
  // `visible` [B, units]
  DenseVit(const Vit& vit, const UnitGrid& grid, const at::Tensor& visible)
      : vit_(vit), height_(grid.height * vit.shape.unit), width_(grid.width * vit.shape.unit) {
    const at::Tensor units = visible.view({-1, grid.height, 1, grid.width, 1});
    shown_ = units.expand({-1, -1, vit.shape.unit, -1, vit.shape.unit}).reshape({visible.size(0), height_ * width_});
  }

  // images [B, H, W, 3] -> [B, (1 +) N, C] after the last norm.
  at::Tensor operator()(const at::Tensor& images) const {
    const auto& proj = *vit_.patch_embed->proj;
    at::Tensor x =
        at::conv2d(images.permute({0, 3, 1, 2}), proj.weight, proj.bias, vit_.shape.patch).flatten(2).transpose(1, 2);
    if (vit_.shape.positions == VitPositions::kSinCos) x = x + sincos();
    if (vit_.shape.class_token) x = at::cat({vit_.cls_token.expand({x.size(0), 1, x.size(2)}), x}, 1);
    if (vit_.pos_embed.defined()) x = x + vit_.pos_embed;
    for (const auto& block : vit_.blocks->items) x = through(*block, x);
    return vit_.norm->forward(x);
  }

  // [B, N] true where shown.
  const at::Tensor& shown() const { return shown_; }

 private:
  at::Tensor sincos() const {
    const int64_t quarter = vit_.shape.channels / 4;
    at::Tensor table = at::empty({height_ * width_, vit_.shape.channels}, at::kDouble);
    auto rows = table.accessor<double, 2>();
    for (int64_t cell = 0; cell < height_ * width_; ++cell)
      for (int64_t i = 0; i < quarter; ++i) {
        const double omega = std::pow(1e4, -static_cast<double>(i) / static_cast<double>(quarter));
        const double x = static_cast<double>(cell % width_) * omega, y = static_cast<double>(cell / width_) * omega;
        rows[cell][i] = std::sin(x), rows[cell][quarter + i] = std::cos(x);
        rows[cell][2 * quarter + i] = std::sin(y), rows[cell][3 * quarter + i] = std::cos(y);
      }
    return table.to(at::kFloat);
  }

  // [heads, R, R] of a table whose window is the shape's grid.
  at::Tensor bias(const at::Tensor& table) const {
    const int64_t beside = vit_.shape.beside(), side = 2 * vit_.shape.grid - 1, size = beside + height_ * width_;
    const at::Tensor index = at::empty({size, size}, at::kLong);
    auto at_pair = index.accessor<int64_t, 2>();
    for (int64_t i = 0; i < size; ++i)
      for (int64_t j = 0; j < size; ++j) {
        const int64_t a = i - beside, b = j - beside;
        if (a < 0 && b < 0) at_pair[i][j] = side * side + 2;
        else if (a < 0) at_pair[i][j] = side * side;
        else if (b < 0) at_pair[i][j] = side * side + 1;
        else
          at_pair[i][j] =
              (a / width_ - b / width_ + vit_.shape.grid - 1) * side + a % width_ - b % width_ + vit_.shape.grid - 1;
      }
    return table.index_select(0, index.flatten()).view({size, size, -1}).permute({2, 0, 1});
  }

  at::Tensor through(const VitBlock& block, const at::Tensor& x) const {
    const int64_t batch = x.size(0), size = x.size(1), channels = x.size(2), heads = vit_.shape.heads;
    const at::Tensor qkv = block.attn->qkv->forward(block.norm1->forward(x)).view({batch, size, 3, heads, channels / heads});
    const auto part = [&](int64_t i) { return qkv.select(2, i).transpose(1, 2); };
    at::Tensor scores = at::matmul(part(0), part(1).transpose(2, 3)) / std::sqrt(static_cast<double>(channels / heads));
    if (block.attn->bias) scores = scores + bias(block.attn->bias->relative_position_bias_table);
    if (vit_.rel_pos_bias) scores = scores + bias(vit_.rel_pos_bias->relative_position_bias_table);
    const at::Tensor keys = at::constant_pad_nd(shown_, {vit_.shape.beside(), 0}, true).view({batch, 1, 1, size});
    const at::Tensor weights = scores.masked_fill(keys.logical_not(), -kInfinity).softmax(-1);
    const at::Tensor attended = block.attn->proj->forward(at::matmul(weights, part(2)).transpose(1, 2).reshape(x.sizes()));
    const at::Tensor y = x + (block.gamma_1.defined() ? attended * block.gamma_1 : attended);
    const at::Tensor mlp = block.mlp->forward(block.norm2->forward(y));
    return y + (block.gamma_2.defined() ? mlp * block.gamma_2 : mlp);
  }

  const Vit& vit_;
  int64_t height_, width_;
  at::Tensor shown_;
};

struct VitCase {
  const char* name;
  VitShape shape;
  UnitGrid grid;  // in units
  int64_t num_visible;
};
std::ostream& operator<<(std::ostream& out, const VitCase& c) { return out << c.name; }

std::vector<VitCase> vit_cases() {
  VitShape learned = small_vit(), beit = small_vit(), shared = small_vit(), plain = small_vit(), patches = small_vit();
  learned.positions = VitPositions::kLearned;
  beit.positions = VitPositions::kNone, beit.relative_bias = BiasSharing::kEach, beit.layer_scale = 0.1;
  shared.relative_bias = BiasSharing::kShared, shared.class_token = false;
  plain.class_token = false;
  patches.unit = 1, patches.relative_bias = BiasSharing::kShared;
  return {
      {"sincos", small_vit(), {3, 3}, 4}, {"learned", learned, {3, 3}, 5},      {"beit", beit, {3, 3}, 4},
      {"shared_bias", shared, {2, 3}, 3}, {"no_class_token", plain, {2, 3}, 4}, {"units_of_a_patch", patches, {6, 5}, 11},
      {"whole", beit, {3, 3}, 9}};
}

class VitAgainstOracle : public testing::TestWithParam<VitCase> {};

// Visible tokens alone give what the dense model gives whose hidden tokens are masked out of attention; in double.
TEST_P(VitAgainstOracle, TokensAndGradientsAgree) {
  const VitCase& c = GetParam();
  Vit vit(c.shape);
  initialise_randomly(vit);
  vit.to(at::kDouble);
  const auto [plan, visible] = random_plan(2, c.grid, c.num_visible, {});
  const int64_t unit = c.shape.unit_px();
  const at::Tensor images = at::rand({2, c.grid.height * unit, c.grid.width * unit, 3}, at::kDouble).requires_grad_();
  const LastTokens last = vit.last_tokens(to_units(images, unit), {.plan = plan});
  const DenseVit oracle(vit, c.grid, visible);
  const at::Tensor dense = oracle(images);

  const PlanTensors& run = *plan.runs[0].plan;
  const at::Tensor rows = dense.slice(1, c.shape.beside());  // [B, N, C]
  const at::Tensor got = to_image(last.tokens, run, last.stage).flatten(2).transpose(1, 2);
  const at::Tensor expected = rows * oracle.shown().unsqueeze(2);
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-10);
  at::Tensor loss = (got * at::cos(expected.detach())).sum(), oracle_loss = (expected * at::cos(expected.detach())).sum();
  ASSERT_EQ(last.cls.defined(), c.shape.class_token);
  if (c.shape.class_token) {
    EXPECT_LT((last.cls - dense.select(1, 0)).abs().max().item<double>(), 1e-10);
    loss = loss + last.cls.sin().sum(), oracle_loss = oracle_loss + dense.select(1, 0).sin().sum();
  }
  std::vector<at::Tensor> inputs{images};
  std::vector<std::string> names{"images"};
  for (const auto& [name, parameter] : named_parameters(vit))
    if (!name.starts_with("pyramid.")) inputs.push_back(parameter), names.push_back(name);
  const auto gradients = torch::autograd::grad({loss}, inputs), truths = torch::autograd::grad({oracle_loss}, inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    EXPECT_LE((gradients[i] - truths[i]).abs().max().item<double>(), 1e-9 * truths[i].abs().max().item<double>() + 1e-11)
        << names[i];
}

INSTANTIATE_TEST_SUITE_P(Shapes, VitAgainstOracle, testing::ValuesIn(vit_cases()),
                         [](const auto& info) { return info.param.name; });

// Every level inside its unit is what convolutions make of the whole map.
TEST(Vit, ThePyramidIsViTDets) {
  Vit vit(small_vit());
  initialise_randomly(vit);
  vit.to(at::kDouble);
  const auto [plan, visible] = random_plan(2, {2, 3}, 4, {});
  const PlanTensors& run = *plan.runs[0].plan;
  const at::Tensor units = to_units(at::rand({2, 16, 24, 3}, at::kDouble), 8);
  const StageTokens levels = vit.forward(units, {.plan = plan});
  const at::Tensor map = to_image(vit.last_tokens(units, {.plan = plan}).tokens, run, 2);
  const VitPyramid& p = *vit.pyramid;
  const auto up = [](const at::Tensor& x, const UnitUpsample& layer) {
    return at::conv_transpose2d(x, layer.weight, layer.bias, at::IntArrayRef{2, 2});
  };
  const at::Tensor normed = p.quarter_norm->forward(up(map, *p.quarter1).permute({0, 2, 3, 1})).permute({0, 3, 1, 2});
  const std::array<at::Tensor, kNumStages> expected{up(at::gelu(normed), *p.quarter2), up(map, *p.half), map,
                                                    at::max_pool2d(map, 2)};
  for (int stage = 0; stage < kNumStages; ++stage) {
    EXPECT_EQ(levels[stage].size(1), vit.shape.stage_channels(stage));
    EXPECT_LT((levels[stage] - to_tokens(expected[stage], run, stage)).abs().max().item<double>(), 1e-10) << stage;
  }
}

// A token's number depends on nothing behind it, but for the prefix, which all see.
TEST(Vit, CausalAttentionLooksBackAndAtThePrefix) {
  VitShape shape = small_vit();
  shape.unit = 1, shape.class_token = false;
  Vit vit(shape);
  initialise_randomly(vit);
  const auto plan = random_plan(2, {1, 6}, 6, {}).first;
  at::Tensor units = to_units(at::rand({2, 4, 24, 3}), 4);
  const View view{.plan = plan, .prefix = at::tensor({1, 3}, at::kLong)};
  const at::Tensor before = vit.last_tokens(units, view).tokens.view({2, 6, -1});
  const auto changed_by = [&](int64_t place) {  // [2, 6] tokens that look at the patch at `place`
    const at::Tensor other = units.clone();
    other.view({2, 6, -1}).select(1, place).add_(1);
    return vit.last_tokens(other, view).tokens.view({2, 6, -1}).ne(before).any(2);
  };
  EXPECT_TRUE(at::equal(changed_by(2), at::tensor({0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}).view({2, 6}).to(at::kBool)));
  EXPECT_TRUE(at::equal(changed_by(5), at::tensor({0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}).view({2, 6}).to(at::kBool)));
  EXPECT_TRUE(changed_by(0).all().item<bool>());
}

// Runs of other grids stand in one batch, and each image gets what it gets alone.
TEST(Vit, ImagesOfSeveralSizesInABatch) {
  VitShape shape = small_vit();
  shape.positions = VitPositions::kLearned, shape.relative_bias = BiasSharing::kEach;
  Vit vit(shape);
  initialise_randomly(vit);
  const BatchPlan small = random_plan(2, {2, 3}, 4, {}).first, large = random_plan(1, {4, 4}, 16, {}).first;
  const at::Tensor few = at::rand({2 * 6, 8, 8, 3}), many = at::rand({16, 8, 8, 3});
  const LastTokens both = vit.last_tokens(at::cat({few, many}), {.plan = {{small.runs[0], large.runs[0]}}});
  const LastTokens one = vit.last_tokens(few, {.plan = small}), other = vit.last_tokens(many, {.plan = large});
  EXPECT_TRUE(at::allclose(both.tokens, at::cat({one.tokens, other.tokens}), 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(both.cls, at::cat({one.cls, other.cls}), 1e-5, 1e-5));
}

std::atomic<int> num_resized = 0;

// Whatever the number of blocks and runs: tables of one size are resized together.
TEST(Vit, BiasTablesAreResizedOnceForASize) {
  VitShape shape = small_vit();
  shape.depth = 3;
  shape.positions = VitPositions::kNone, shape.relative_bias = BiasSharing::kEach;
  Vit vit(shape);
  initialise_randomly(vit);
  const BatchPlan wide = random_plan(1, {2, 4}, 8, {}).first, high = random_plan(2, {4, 2}, 8, {}).first,
                  own = random_plan(1, {3, 3}, 9, {}).first;
  const at::Tensor first = at::rand({8, 8, 8, 3}), second = at::rand({16, 8, 8, 3}), third = at::rand({9, 8, 8, 3});
  at::RecordFunctionGuard guard;
  num_resized = 0;
  const at::CallbackHandle handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback([](const at::RecordFunction& f) -> std::unique_ptr<at::ObserverContext> {
        num_resized += std::string_view(f.name()) == "aten::upsample_bicubic2d";
        return nullptr;
      }).scopes({at::RecordScope::FUNCTION}));
  const LastTokens all =
      vit.last_tokens(at::cat({first, second, third}), {.plan = {{wide.runs[0], high.runs[0], own.runs[0]}}});
  at::removeCallback(handle);
  EXPECT_EQ(num_resized, 1);
  const auto alone = [&](const at::Tensor& units, const BatchPlan& plan) {
    return vit.last_tokens(units, {.plan = plan}).tokens;
  };
  EXPECT_TRUE(at::allclose(all.tokens, at::cat({alone(first, wide), alone(second, high), alone(third, own)}), 1e-5, 1e-5));
}

TEST(Vit, DropPathDropsABranchOfASampleInTrainingOnly) {
  VitShape shape = small_vit();
  shape.drop_path = 0.5;
  Vit vit(shape);
  initialise_randomly(vit);
  const auto plan = random_plan(2, {2, 2}, 2, {}).first;
  const at::Tensor units = to_units(at::rand({2, 16, 16, 3}), 8), all_kept = at::ones({4, 2}),
                   one_dropped = at::ones({4, 2});
  one_dropped[3][0] = 0;  // the last block's MLP of sample 0
  const auto tokens = [&](const at::Tensor& draws) { return vit.last_tokens(units, {plan, draws}).tokens.chunk(2); };
  EXPECT_FALSE(at::allclose(tokens(all_kept)[0], tokens(one_dropped)[0]));
  EXPECT_TRUE(at::equal(tokens(all_kept)[1], tokens(one_dropped)[1]));
  vit.eval();
  EXPECT_TRUE(at::equal(tokens(one_dropped)[0], tokens({})[0]));
}

TEST(Vit, SizesAreTheirMakers) {
  const auto parameters = [](EncoderName name) {
    VitShape shape = vit_preset(name);
    shape.unit = 1;
    int64_t count = 0;
    for (const auto& parameter : make_encoder(shape)->parameters()) count += parameter.numel();
    return count;
  };
  EXPECT_EQ(parameters(EncoderName::kVitS), 21665664);  // timm's without classifiers
  EXPECT_EQ(parameters(EncoderName::kVitB), 85798656);
}

}  // namespace
}  // namespace glid
