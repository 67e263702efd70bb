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

ModelShape shape_of(const StageWindows& windows, PositionKind positions, double drop_path = 0) {
  ModelShape shape;
  shape.encoder = SwinShape{
      .channels = 8, .depths = {2, 2, 2, 2}, .heads = {1, 2, 2, 4}, .windows = windows, .patch = 1, .drop_path = drop_path};
  shape.bifpn = {.width = 16, .cells = 2};
  shape.decoder = {.layers = 3, .width = 16, .heads = 2, .positions = positions};
  return shape;
}

TaskSpec both_kinds_of_queries() {
  return {.heads = {{"values", 3}},
          .queries = {.learned = {kQueries}, .mask_token = true},
          .supervised_layers = {1, 3},
          .features = true};
}

// A picture of random size, seen whole or with kHidden units hidden.
NamedPicture random_picture(int64_t id, bool masked, const EncoderShape& encoder) {
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
  double drop_path = 0;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

class Packed : public testing::TestWithParam<Case> {
 protected:
  Packed() : model(shape_of(GetParam().windows, GetParam().positions, GetParam().drop_path), both_kinds_of_queries()) {
    initialise_randomly(model);
    model.to(at::kDouble);
    for (int64_t id = 0; id < 6; ++id) {
      pictures.push_back(random_picture(id / 2 * 2, GetParam().masked, model.shape.encoder));
      pictures.back().key.id = id;  // each drops branches of its own
    }
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
                                         Case{"whole_w7", false, {7, 7, 7, 7}, PositionKind::kFourier},
                                         Case{"whole_dropped", false, {6, 6, 6, 6}, PositionKind::kFourier, 0.5}),
                         [](const auto& info) { return info.param.name; });

TEST(Padding, IsZero) {
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

// The decoder by its definition, for the only picture of a pyramid: what it covers at least in part is its keys, whose
// positions run over its size, not over its grid's. Queries of `content` stand at `place`, both [1, Q, d].
at::Tensor decode_slowly(const Decoder& decoder, const Pyramid& pyramid, const at::Tensor& content,
                         const at::Tensor& place) {
  const DecoderConfig& config = decoder.config;
  const ImageRun& run = pyramid.plan.runs.at(0);
  std::vector<Memory> levels;
  for (int64_t level = 0; level < kNumDecoderLevels; ++level) {
    const int stage = 3 - static_cast<int>(level);
    const auto side = static_cast<double>(unit_side(stage));
    const GridExtent extent{run.plan->height(stage), run.plan->width(stage), run.valid.height * side,
                            run.valid.width * side};
    const at::Tensor cells = run.plan->cells[stage][0];
    std::vector<int64_t> keys;
    for (int64_t i = 0; i < cells.size(0); ++i) {
      const auto cell = cells[i].item<int64_t>();
      if (static_cast<double>(cell / extent.width) < extent.valid_height &&
          static_cast<double>(cell % extent.width) < extent.valid_width)
        keys.push_back(i);
    }
    const at::Tensor chosen = at::tensor(keys);
    const at::Tensor value = pyramid.levels[stage].index_select(0, chosen) + decoder.level_embed[level];
    const at::Tensor places = position_vectors(config.positions, cells.index_select(0, chosen), extent, config.width);
    levels.push_back({(value + places.to(at::kDouble)).unsqueeze(0), value.unsqueeze(0), {}});
  }
  const bool in_content = config.query_pos != QueryPosition::kAttention;
  const bool in_attention = config.query_pos != QueryPosition::kContent;
  at::Tensor x = in_content ? content + place : content;
  for (int64_t i = 0; i < decoder.layers->size(); ++i)
    x = (*decoder.layers)[i].forward(x, in_attention ? place : at::zeros_like(place), levels[i % kNumDecoderLevels], {});
  return decoder.norm->forward(x);
}

// [1, 1 + N, d] of [CLS], which stands nowhere, and hidden units [1, N].
at::Tensor places_of(const at::Tensor& cells, const ImageRun& run, const DecoderConfig& config) {
  const UnitGrid& grid = run.plan->grid;
  const GridExtent extent{grid.height, grid.width, run.valid.height, run.valid.width};
  const at::Tensor places = position_vectors(config.positions, cells, extent, config.width).to(at::kDouble);
  return at::constant_pad_nd(places, {0, 0, 1, 0});
}

class DecoderByDefinition : public testing::TestWithParam<QueryPosition> {};

TEST_P(DecoderByDefinition, AnswersAlike) {
  ModelShape shape = shape_of({6, 6, 6, 6}, PositionKind::kFourier);
  shape.decoder.query_pos = GetParam();
  Glid model(shape, both_kinds_of_queries());
  initialise_randomly(model);
  model.to(at::kDouble);
  const Decoder& decoder = *model.decoder;
  const at::NoGradGuard no_grad;
  const Viewer viewer(shape.encoder);
  for (const int64_t id : {1, 20, 21}) {
    const Batch batch = make_batch({random_picture(id, /*masked=*/true, shape.encoder)}, kUnit, fresh_bytes);
    const View view = viewer.view(batch);
    const ImageRun& run = view.plan.runs.at(0);
    ASSERT_TRUE(run.is_padded());
    Pyramid pyramid{{}, view.plan};
    for (int stage = 0; stage < kNumStages; ++stage)
      pyramid.levels[stage] = at::randn({view.plan.num_tokens(stage), shape.decoder.width}, at::kDouble);
    const at::Tensor learned_content = decoder.cls_token.expand({1, kQueries, -1});
    EXPECT_LT(largest(model.decode(pyramid, learned(view.plan))[1] -
                      decode_slowly(decoder, pyramid, learned_content, decoder.query_embed.unsqueeze(0))),
              1e-10);
    const at::Tensor cls = decoder.cls_token.expand({1, 1, -1}), mask = decoder.mask_token.expand({1, kHidden, -1});
    const at::Tensor places = places_of(run.plan->hidden_cells, run, shape.decoder);
    EXPECT_LT(largest(model.decode(pyramid, hidden(view.plan))[1] -
                      decode_slowly(decoder, pyramid, at::cat({cls, mask}, 1), places)),
              1e-10);
  }
}

INSTANTIATE_TEST_SUITE_P(QueryPositions, DecoderByDefinition,
                         testing::Values(QueryPosition::kBoth, QueryPosition::kContent, QueryPosition::kAttention));

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
