#include "glid/model/swin.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "glid/model/glid.h"
#include "glid/model/init.h"
#include "support/dense_swin.h"
#include "support/plans.h"

namespace glid {
namespace {

struct Case {
  const char* name;
  UnitGrid grid;
  StageWindows windows;
  int64_t num_visible;
};

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class PlanAgainstOracle : public testing::TestWithParam<Case> {};

SwinShape small_shape(const StageWindows& windows) {
  return {.channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = windows, .patch = 1};
}

// In double, so that a wrong window shows and rounding does not.
TEST_P(PlanAgainstOracle, OutputsAndGradientsAgree) {
  at::manual_seed(1);
  Swin swin(small_shape(GetParam().windows));
  initialise_randomly(swin);
  swin.to(at::kDouble);
  const UnitGrid grid = GetParam().grid;
  const auto [plan, visible] = random_plan(2, grid, GetParam().num_visible, GetParam().windows);
  const int64_t unit = swin.shape.unit_px();
  const at::Tensor images = at::rand({2, grid.height * unit, grid.width * unit, 3}, at::kDouble).requires_grad_();

  const auto tokens = swin.forward(to_units(images, unit), {.plan = plan});
  const auto dense = dense_swin(swin, images, visible);
  at::Tensor loss = at::zeros({}, at::kDouble), oracle_loss = at::zeros({}, at::kDouble);
  for (int stage = 0; stage < kNumStages; ++stage) {
    const at::Tensor map = to_image(tokens[stage], *plan.runs[0].plan, stage).permute({0, 2, 3, 1});
    EXPECT_LT((map - dense[stage]).abs().max().item<double>(), 1e-10) << "stage " << stage;
    const at::Tensor probe = at::rand(map.sizes(), at::kDouble);
    loss = loss + (map * probe).sum();
    oracle_loss = oracle_loss + (dense[stage] * probe).sum();
  }
  std::vector<at::Tensor> inputs{images};
  std::vector<std::string> names{"images"};
  for (const auto& [name, parameter] : named_parameters(swin)) inputs.push_back(parameter), names.push_back(name);
  const auto got = torch::autograd::grad({loss}, inputs), expected = torch::autograd::grad({oracle_loss}, inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double largest = expected[i].abs().max().item<double>();
    EXPECT_LE((got[i] - expected[i]).abs().max().item<double>(), 1e-10 * largest + 1e-12) << names[i];
  }
}

INSTANTIATE_TEST_SUITE_P(
    Masks, PlanAgainstOracle,
    testing::Values(Case{"masked_w6", {3, 3}, {6, 6, 6, 6}, 3}, Case{"masked_w7", {3, 2}, {7, 7, 7, 7}, 2},
                    Case{"masked_w12", {3, 4}, {12, 12, 12, 6}, 5}, Case{"one_unit", {2, 2}, {6, 6, 6, 6}, 1},
                    Case{"whole_w6", {3, 3}, {6, 6, 6, 6}, 9}, Case{"whole_padded_w7", {2, 2}, {7, 7, 7, 7}, 4},
                    Case{"whole_padded_w12", {2, 3}, {12, 12, 12, 6}, 6}, Case{"whole_oblong", {1, 3}, {12, 6, 5, 3}, 3}),
    [](const auto& info) { return info.param.name; });

TEST(Swin, DropPathDropsABranchOfASampleInTrainingOnly) {
  SwinShape shape = small_shape({4, 4, 4, 4});
  shape.drop_path = 0.5;
  Swin swin(shape);
  initialise_randomly(swin);
  const auto plan = random_plan(2, {2, 2}, 2, shape.windows).first;
  const at::Tensor units = to_units(at::rand({2, 16, 16, 3}), 8);
  const at::Tensor all_kept = at::ones({16, 2}), one_dropped = at::ones({16, 2});
  one_dropped[14][0] = 0;  // the last block's attention of sample 0
  const at::Tensor kept = swin.forward(units, {plan, all_kept})[3], dropped = swin.forward(units, {plan, one_dropped})[3];
  EXPECT_FALSE(at::allclose(kept.chunk(2)[0], dropped.chunk(2)[0]));
  EXPECT_TRUE(at::equal(kept.chunk(2)[1], dropped.chunk(2)[1]));
  swin.eval();
  EXPECT_TRUE(at::equal(swin.forward(units, {plan, one_dropped})[3], swin.forward(units, {plan, {}})[3]));
}

}  // namespace
}  // namespace glid
