// Images of any sizes in one batch: each gets the answer that it gets alone.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "glid/model/glid.h"
#include "glid/model/init.h"
#include "glid/tasks/viewer.h"
#include "support/batches.h"
#include "support/plans.h"

namespace glid {
namespace {

constexpr int64_t kUnit = 8, kHidden = 4, kQueries = 5;

ModelShape shape_of(const StageWindows& windows, PositionKind positions) {
  ModelShape shape;
  shape.encoder = {.channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = windows, .patch = 1};
  shape.bifpn = {.width = 16, .cells = 2};
  shape.decoder = {.layers = 3, .width = 16, .heads = 2, .positions = positions};
  return shape;
}

TaskSpec both_kinds_of_queries() {
  return {.heads = {{"values", 3}},
          .queries = {.learned = kQueries, .mask_token = true},
          .supervised_layers = {1, 3},
          .features = true};
}

// A picture of random size, seen whole or with kHidden units hidden.
NamedPicture random_picture(int64_t id, bool masked, const SwinShape& encoder) {
  Rng rng(9, 0, static_cast<uint64_t>(id), RandomOp::kExample);
  const auto side = [&] { return static_cast<int64_t>(17 + rng.below(40)); };  // 3 to 7 units, rarely whole ones
  const int64_t height = side(), width = id % 3 == 0 ? height : side();
  PreparedImage prepared{.image = noise_image(height, width, id), .placement = Placement(height, width)};
  if (masked) {
    const UnitGrid grid{(height + kUnit - 1) / kUnit, (width + kUnit - 1) / kUnit};
    std::vector<int64_t> units(static_cast<size_t>(grid.size()));
    std::iota(units.begin(), units.end(), 0);
    shuffle(units, rng);
    units.resize(units.size() - kHidden);
    std::sort(units.begin(), units.end());
    prepared.plan = encoder.plan(grid, units);
  }
  return {{1, 0, id}, "noise", std::move(prepared)};
}

Query learned(const BatchPlan& plan) { return {.asked = LearnedQueries{kQueries}, .images = plan.all()}; }
Query hidden(const BatchPlan& plan) { return {.asked = HiddenUnits{hidden_cells(plan)}, .images = plan.all()}; }

struct Outcome {
  std::vector<Answer> answers;
  StageTokens levels;
  View view;
};

Outcome answer_to(const Glid& model, const std::vector<NamedPicture>& pictures, bool masked) {
  const Batch batch = make_batch(pictures, kUnit, fresh_bytes);
  const Viewer viewer(model.shape.encoder);
  Outcome outcome;
  outcome.view = viewer.view(batch);
  const at::Tensor units = viewer.pixels(batch, outcome.view).to(at::kDouble);
  std::vector<Query> queries{learned(outcome.view.plan)};
  if (masked) queries.push_back(hidden(outcome.view.plan));
  outcome.answers = model.forward(units, outcome.view, queries);
  outcome.levels = model.encode(units, outcome.view).levels;
  return outcome;
}

double largest(const at::Tensor& difference) { return difference.numel() == 0 ? 0 : difference.abs().max().item<double>(); }

struct Case {
  const char* name;
  bool masked;
  StageWindows windows;
  PositionKind positions;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class Packed : public testing::TestWithParam<Case> {
 protected:
  Packed() : model(shape_of(GetParam().windows, GetParam().positions), both_kinds_of_queries()) {
    initialise_randomly(model);
    model.to(at::kDouble);
    for (int64_t id = 0; id < 6; ++id)
      pictures.push_back(random_picture(id / 2 * 2, GetParam().masked, model.shape.encoder));
    for (int64_t id = 20; id < 23; ++id) pictures.push_back(random_picture(id, GetParam().masked, model.shape.encoder));
  }

  Glid model;
  std::vector<NamedPicture> pictures;  // pairs of one size in a row, and others
};

TEST_P(Packed, GivesEveryImageItsAnswerAlone) {
  const at::NoGradGuard no_grad;
  const Outcome packed = answer_to(model, pictures, GetParam().masked);
  ASSERT_GT(packed.view.plan.runs.size(), 3u);
  ASSERT_LT(packed.view.plan.runs.size(), pictures.size());
  std::array<int64_t, kNumStages> first{};
  for (size_t i = 0; i < pictures.size(); ++i) {
    const Outcome alone = answer_to(model, {pictures[i]}, GetParam().masked);
    for (size_t q = 0; q < alone.answers.size(); ++q)
      EXPECT_LT(
          largest(packed.answers[q].at("values").narrow(1, static_cast<int64_t>(i), 1) - alone.answers[q].at("values")),
          1e-10)
          << "image " << i << " query " << q;
    for (int s = 0; s < kNumStages; ++s) {
      const at::Tensor& expected = alone.levels[s];
      EXPECT_LT(largest(packed.levels[s].narrow(0, first[s], expected.size(0)) - expected), 1e-10) << "image " << i;
      first[s] += expected.size(0);
    }
    const FeatureMap &map = packed.answers[0].features, &own = alone.answers[0].features;
    const FeatureMap::Place& place = map.images[i];
    EXPECT_EQ(place.height, own.images[0].height);
    EXPECT_LT(largest(map.cells.narrow(0, place.offset, place.height * place.width) - own.cells), 1e-10) << "image " << i;
  }
}

TEST_P(Packed, GradientsAreTheSumsOfThoseAlone) {
  const auto backward = [&](const std::vector<NamedPicture>& some) {
    const Outcome outcome = answer_to(model, some, GetParam().masked);
    at::Tensor loss = outcome.answers[0].features.cells.sin().sum();
    for (const Answer& answer : outcome.answers) loss = loss + answer.at("values").square().sum();
    loss.backward();
  };
  const auto take_gradients = [&] {
    std::vector<at::Tensor> gradients;
    for (auto& parameter : model.parameters()) {
      gradients.push_back(parameter.grad().defined() ? parameter.grad().clone() : at::zeros_like(parameter));
      parameter.mutable_grad() = at::Tensor();
    }
    return gradients;
  };
  backward(pictures);
  const std::vector<at::Tensor> packed = take_gradients();
  for (const NamedPicture& picture : pictures) backward({picture});
  const std::vector<at::Tensor> alone = take_gradients();
  const NamedTensors names = named_parameters(model);
  for (size_t i = 0; i < packed.size(); ++i)
    EXPECT_LE(largest(packed[i] - alone[i]), 1e-9 * alone[i].abs().max().item<double>() + 1e-12) << names[i].first;
}

INSTANTIATE_TEST_SUITE_P(Images, Packed,
                         testing::Values(Case{"masked_w6", true, {6, 6, 6, 6}, PositionKind::kFourier},
                                         Case{"masked_w12_sine", true, {12, 12, 12, 6}, PositionKind::kSine},
                                         Case{"whole_w6_sine", false, {6, 6, 6, 6}, PositionKind::kSine},
                                         Case{"whole_w7", false, {7, 7, 7, 7}, PositionKind::kFourier}),
                         [](const auto& info) { return info.param.name; });

// Where units divide the image, a picture among wider ones sees as many keys as alone; where they don't, cells wholly beyond
// it are no keys, and what was added to its pixels is 0.
TEST(Padding, IsZeroAndNotAttended) {
  const Batch batch = make_batch({random_picture(1, false, {})}, kUnit, fresh_bytes);
  const Viewer viewer(shape_of({6, 6, 6, 6}, PositionKind::kFourier).encoder);
  const View view = viewer.view(batch);
  const ImageRun& run = view.plan.runs.at(0);
  ASSERT_TRUE(run.is_padded());
  const at::Tensor raster = from_units(viewer.pixels(batch, view), run.plan->grid)[0];
  const int64_t height = batch.images[0].placement.height(), width = batch.images[0].placement.width();
  EXPECT_EQ(raster.slice(0, height).abs().sum().item<double>() + raster.slice(1, width).abs().sum().item<double>(), 0);
  EXPECT_GT(raster.slice(0, 0, height).slice(1, 0, width).abs().min().item<double>(), 0);
}

// Equal queries stay equal: self-attention over them is the identity, so one query answers like many (paper Eq. 3, e = 0).
TEST(LearnedQueries, OfZerosAnswerAlike) {
  Glid model(shape_of({6, 6, 6, 6}, PositionKind::kFourier), both_kinds_of_queries());
  initialise(model, 4);
  model.to(at::kDouble);
  EXPECT_EQ(model.decoder->query_embed.abs().sum().item<double>(), 0);
  const at::NoGradGuard no_grad;
  const Batch batch = make_batch({random_picture(0, false, model.shape.encoder)}, kUnit, fresh_bytes);
  const Viewer viewer(model.shape.encoder);
  const View view = viewer.view(batch);
  const Pyramid pyramid = model.encode(viewer.pixels(batch, view).to(at::kDouble), view);
  const at::Tensor many = model.decode(pyramid, learned(view.plan));
  const at::Tensor one = model.decode(pyramid, {.asked = LearnedQueries{1}, .images = view.plan.all()});
  EXPECT_EQ(many.sizes(), (std::vector<int64_t>{2, 1, kQueries, 16}));  // layers 1 and 3
  EXPECT_LT(largest(many - one), 1e-12);
  EXPECT_GT(largest(many[0] - many[1]), 1e-3);
}

TEST(Queries, OfARangeOfImagesAnswerAsThoseImages) {
  Glid model(shape_of({6, 6, 6, 6}, PositionKind::kFourier), both_kinds_of_queries());
  initialise_randomly(model);
  model.to(at::kDouble);
  const at::NoGradGuard no_grad;
  std::vector<NamedPicture> pictures;
  for (const int64_t id : {0, 0, 0, 2, 5}) pictures.push_back(random_picture(id, false, model.shape.encoder));
  const Batch batch = make_batch(pictures, kUnit, fresh_bytes);
  const Viewer viewer(model.shape.encoder);
  const View view = viewer.view(batch);
  const at::Tensor units = viewer.pixels(batch, view).to(at::kDouble);
  const std::vector<Query> queries{learned(view.plan), {.asked = LearnedQueries{kQueries}, .images = {2, 2}}};
  const std::vector<Answer> answers = model.forward(units, view, queries);
  EXPECT_LT(largest(answers[0].at("values").narrow(1, 2, 2) - answers[1].at("values")), 1e-12);
  const FeatureMap &all = answers[0].features, &some = answers[1].features;
  ASSERT_EQ(some.images.size(), 2u);
  EXPECT_EQ(some.images[0].offset, 0);
  const int64_t first = all.images[2].offset;
  EXPECT_TRUE(at::equal(all.cells.narrow(0, first, some.cells.size(0)), some.cells));
}

TEST(Queries, SeeOnlyWhatTheirSelfMaskAllows) {
  Glid model(shape_of({6, 6, 6, 6}, PositionKind::kFourier), both_kinds_of_queries());
  initialise_randomly(model);
  model.to(at::kDouble);
  const at::NoGradGuard no_grad;
  const Batch batch = make_batch({random_picture(0, false, model.shape.encoder)}, kUnit, fresh_bytes);
  const Viewer viewer(model.shape.encoder);
  const View view = viewer.view(batch);
  const Pyramid pyramid = model.encode(viewer.pixels(batch, view).to(at::kDouble), view);
  Query apart = learned(view.plan);  // the first two see each other only, and so do the rest
  const at::Tensor group = at::arange(kQueries).lt(2);
  apart.self_mask = group.unsqueeze(1).eq(group.unsqueeze(0));
  const at::Tensor first_two = model.decode(pyramid, {.asked = LearnedQueries{2}, .images = view.plan.all()});
  EXPECT_LT(largest(model.decode(pyramid, apart).narrow(2, 0, 2) - first_two), 1e-12);
  EXPECT_GT(largest(model.decode(pyramid, learned(view.plan)).narrow(2, 0, 2) - first_two), 1e-3);
}

TEST(WholeImagePlans, AreMadeOnceAndTheLeastRecentlyUsedGoes) {
  const StageWindows windows{6, 6, 6, 6};
  WholeImagePlans plans(30);  // units
  const auto a = plans.get({2, 3}, 1, windows, at::kCPU);
  const auto b = plans.get({2, 3}, 4, windows, at::kCPU);
  EXPECT_NE(a, b);
  EXPECT_EQ(plans.get({2, 3}, 1, windows, at::kCPU), a);
  plans.get({3, 3}, 1, windows, at::kCPU);  // b goes
  EXPECT_EQ(plans.size(), 2u);
  EXPECT_EQ(plans.get({2, 3}, 1, windows, at::kCPU), a);
  EXPECT_NE(plans.get({2, 3}, 4, windows, at::kCPU), b);
}

}  // namespace
}  // namespace glid
