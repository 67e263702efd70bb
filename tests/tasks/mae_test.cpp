#include "glid/tasks/mae.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/model/init.h"
#include "glid/model/parts.h"
#include "glid/nn/position.h"
#include "glid/tasks/mixmae.h"
#include "glid/tasks/simmim.h"
#include "support/batches.h"
#include "support/dense_swin.h"
#include "support/every_task.h"
#include "support/plans.h"

namespace glid {
namespace {

template <class MaeTask, class Config>
struct Asking {
  Asking()
      : task(small_config(Config()), small_model_shape().encoder, kSampleSize), model(small_model_shape(), task.spec()) {
    initialise_randomly(model);
    model.to(at::kDouble);
  }
  Batch batch(int64_t count) const {
    return batch_of(0, count, kSampleSize, 8,
                    [&](const auto&... about) { return task.prepare(about..., /*training=*/true); });
  }
  std::vector<Answer> answer(const Question& question) const {
    return model.forward(question.units.to(at::kDouble), question.view, question.queries);
  }

  MaeTask task;
  Glid model;
};
using AskingMae = Asking<Mae, MaeConfig>;
using AskingMixmae = Asking<Mixmae, MixmaeConfig>;

TEST(Mae, ModelHasAnEncoderAUnitDecoderAndAHead) {
  const AskingMae asking;
  std::set<std::string> parts;
  for (const auto& [name, parameter] : named_parameters(asking.model)) parts.emplace(part_of_parameter(name));
  EXPECT_EQ(parts, (std::set<std::string>{"encoder", "unit_decoder", "heads"}));
}

// Of models_mae.py: linear layers and the projection of patches, which counts as one, are Xavier uniform.
TEST(Mae, AnEncoderBeginsAsItsCodeSays) {
  const ModelShape shape = small_model_for(small_config(MaeConfig()), {small_model_shapes().at(2)});
  const auto initialised = [&](const TaskSpec& spec) {
    auto model = std::make_shared<Glid>(shape, spec);
    initialise(*model, 3);
    return model;
  };
  const auto mae = initialised(Mae(small_config(MaeConfig()), shape.encoder, kSampleSize).spec());
  const auto other = initialised(Simmim({}, shape.encoder, kSampleSize).spec());
  for (const auto& [name, value] : named_parameters(*mae)) {
    const bool is_patches = name == "encoder.patch_embed.proj.weight";
    if (!name.ends_with(".weight") || (value.dim() != 2 && !is_patches)) continue;
    const at::Tensor matrix = value.flatten(1);
    const double bound = std::sqrt(6.0 / static_cast<double>(matrix.size(0) + matrix.size(1)));
    EXPECT_LE(matrix.abs().max().item<double>(), bound) << name;
    EXPECT_GT(matrix.abs().max().item<double>(), 0.95 * bound) << name;
    EXPECT_NEAR(matrix.std().item<double>(), bound / std::sqrt(3.0), 0.05 * bound) << name;
  }
  for (const auto& model : {mae, other})
    EXPECT_NEAR(dynamic_cast<Vit&>(*model->encoder).cls_token.std().item<double>(), 0.02, 0.01);
  const at::Tensor qkv = dynamic_cast<Vit&>(*other->encoder).blocks->items[0]->attn->qkv->weight;
  EXPECT_NEAR(qkv.std().item<double>(), 0.02, 0.003);
}

// Every unit of the grid, hidden ones as the token: the decoder written out for one image.
TEST(Mae, DecoderIsAViTOverAllUnits) {
  const AskingMae asking;
  const Question question = asking.task.ask(asking.batch(1), /*training=*/true);
  const UnitDecoder& decoder = *asking.model.unit_decoder;
  const PlanTensors& plan = *question.view.plan.runs.at(0).plan;
  const at::Tensor tokens = asking.model.encoder->last_tokens(question.units.to(at::kDouble), question.view).tokens;
  at::Tensor x = decoder.mask_token.expand({9, 16}).clone();
  for (int64_t k = 0; k < plan.num_visible; ++k)
    x[plan.visible_units[k].item<int64_t>()] = decoder.embed->forward(tokens[k]);
  x = x + position_vectors(PositionKind::kMae, at::arange(9), {3, 3, 3, 3}, 16).to(at::kDouble);
  for (const auto& block : decoder.blocks->items) {
    const at::Tensor qkv = block->attn->in_proj->forward(block->norm1->forward(x)).view({9, 3, 2, 8}).permute({1, 2, 0, 3});
    const at::Tensor scores = (at::matmul(qkv[0], qkv[1].transpose(1, 2)) / std::sqrt(8.0)).softmax(-1);
    x = x + block->attn->out_proj->forward(at::matmul(scores, qkv[2]).transpose(0, 1).reshape({9, 16}));
    x = x + block->mlp->fc2->forward(at::gelu(block->mlp->fc1->forward(block->norm2->forward(x))));
  }
  const at::Tensor expected = asking.model.heads->heads[0]->forward(decoder.norm->forward(x));
  const at::Tensor got = asking.answer(question).at(0).at("pixels")[0][0];
  EXPECT_LT((got - expected.index_select(0, plan.hidden_cells[0])).abs().max().item<double>(), 1e-10);
}

// util/pos_embed.py: the first half of the channels is about x.
TEST(Mae, PositionVectorsAreThoseOfItsCode) {
  const at::Tensor vectors = position_vectors(PositionKind::kMae, at::arange(6), {2, 3, 2, 3}, 8);
  ASSERT_EQ(vectors.sizes(), (std::vector<int64_t>{6, 8}));
  const double x = 2, y = 1, slow = 1 / std::pow(1e4, 0.5);
  const std::vector<double> expected{std::sin(x), std::sin(x * slow), std::cos(x), std::cos(x * slow),
                                     std::sin(y), std::sin(y * slow), std::cos(y), std::cos(y * slow)};
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(vectors[5][static_cast<int64_t>(i)].item<double>(), expected[i], 1e-6) << i;
}

TEST(Mixmae, EveryUnitIsPredictedByThePictureThatHidesIt) {
  const AskingMixmae asking;
  const Question question = asking.task.ask(asking.batch(3), /*training=*/true);
  ASSERT_EQ(question.queries.size(), 2u);  // 4 units seen, and 5
  ASSERT_EQ(question.batch.size(), 6);
  const auto hidden = hidden_units_of(question.batch, question.view.plan);
  for (int64_t i = 0; i < 3; ++i) {
    const at::Tensor both = std::get<0>(at::cat({hidden[0].cells[i], hidden[1].cells[i]}).sort());
    EXPECT_TRUE(at::equal(both, at::arange(9))) << i;
  }
  const std::vector<double> counts = asking.task.counts(question.batch).at("units");
  EXPECT_EQ(counts, (std::vector<double>{5, 5, 5, 4, 4, 4}));
  const std::vector<Answer> off_by_two{{{{"pixels", (question.targets.at("pixels") + 2).unsqueeze(0)}}, {}},
                                       {{{"pixels", (question.targets.at("pixels1") + 2).unsqueeze(0)}}, {}}};
  const LossTerm term = asking.task.losses(off_by_two, question).terms.at(0);
  EXPECT_NEAR(term.sum.item<double>() / 27, 4, 1e-4);
  EXPECT_EQ(asking.task.pictures(off_by_two, question).size(), 3u);
}

// A View of these images with the units of the mask, and with the others.
View view_of(const at::Tensor& mask, const EncoderShape& shape, int64_t num_images) {
  const UnitGrid grid{3, 3};
  View view;
  for (const bool shown : {true, false}) {
    std::vector<int64_t> seen;
    for (int64_t unit = 0; unit < grid.size(); ++unit)
      if (mask[unit].item<bool>() == shown) seen.push_back(unit);
    view.plan.runs.push_back(run_of(std::vector<SamplePlan>(static_cast<size_t>(num_images), shape.plan(grid, seen))));
  }
  return view;
}

// MixMIM as its code has it: images mixed by one mask, attention masked by m m' + (1 - m)(1 - m').
TEST(Mixmae, TwoPicturesAreTheTwoMixturesOfAPair) {
  for (const int64_t window : {6, 24}) {  // shifted windows, and one window
    SwinShape shape = *small_model_shape().encoder.swin();
    shape.windows = {window, window, window, window};
    Swin swin(shape);
    initialise_randomly(swin);
    swin.to(at::kDouble);
    const at::Tensor mask = at::tensor({1, 0, 0, 1, 1, 0, 0, 1, 0}, at::kLong).to(at::kBool);  // [units]
    const at::Tensor units = at::randn({2, 9, 8, 8, 3}, at::kDouble);                          // of the images a and b
    const at::Tensor partners = units.flip(0), shown = mask.view({1, 9, 1, 1, 1});
    const at::Tensor mixtures = at::where(shown, units, partners);  // a and b, b and a
    const at::Tensor sources = at::where(mask, 1, 2).expand({2, 9});
    const at::Tensor mixed =
        dense_swin(swin, from_units(mixtures.flatten(0, 1), {3, 3}), sources)[3].view({2, 9, -1});  // [pair, unit, C]
    // Ours: a and b with m, then a and b with 1 - m.
    const at::Tensor tokens = swin.forward(units.repeat({2, 1, 1, 1, 1}).flatten(0, 1), view_of(mask, shape, 2))[3];
    const at::Tensor with_mask = tokens.narrow(0, 0, 8).view({2, 4, -1}), others = tokens.narrow(0, 8, 10).view({2, 5, -1});
    const at::Tensor seen = mask.nonzero().squeeze(1), hidden = mask.logical_not().nonzero().squeeze(1);
    EXPECT_LT((mixed.index_select(1, seen) - with_mask).abs().max().item<double>(), 1e-10);
    EXPECT_LT((mixed.index_select(1, hidden) - others.flip(0)).abs().max().item<double>(), 1e-10);
  }
}

}  // namespace
}  // namespace glid
