// Masked attention against a loop over layers and cells with dense masks.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "glid/tasks/multitask.h"
#include "glid/tasks/semantic.h"
#include "glid/tasks/task_config.h"
#include "support/masked_samples.h"
#include "support/plans.h"

namespace glid {
namespace {

MaskSetConfig masked_set(MaskFeatures features = MaskFeatures::kPlain) {
  MaskSetConfig set{
      .num_queries = 6, .masked_attention = true, .queries = {.query_init = QueryInit::kNormal}, .points = {.points = 64}};
  set.dot.mask_features = features;
  return set;
}

struct MaskedRun {
  explicit MaskedRun(std::unique_ptr<Task> asked, NormOrder norm = NormOrder::kPre) : task(std::move(asked)) {
    ModelShape shape = small_model_shape();
    shape.decoder.norm = norm;
    model = std::make_shared<Glid>(shape, task->spec());
    initialise_randomly(*model);
    model->to(at::kDouble);
  }
  Question ask(const std::vector<Sample>& samples) const {
    return task->ask(batch_of_samples(*task, samples, /*training=*/false), /*training=*/false);
  }
  std::vector<Answer> answer(const Question& question) const {
    return model->forward(question.units.to(at::kDouble), question.view, question.queries);
  }

  std::unique_ptr<Task> task;
  std::shared_ptr<Glid> model;
};

MaskedRun semantic_run(const MaskSetConfig& set, NormOrder norm = NormOrder::kPre) {
  return MaskedRun(std::make_unique<Semantic>(SemanticConfig{set}, masked_context()), norm);
}

// Softmax over the keys that `allowed` [Q, K] lets a query see: content [Q, d], keys and values [K, d].
at::Tensor attend(const MultiheadAttention& attention, const at::Tensor& query, const at::Tensor& key,
                  const at::Tensor& value, const at::Tensor& allowed) {
  const auto weights = attention.in_proj->weight.chunk(3), biases = attention.in_proj->bias.chunk(3);
  const at::Tensor q = at::linear(query, weights[0], biases[0]), k = at::linear(key, weights[1], biases[1]),
                   v = at::linear(value, weights[2], biases[2]);
  const int64_t size = q.size(1) / attention.heads;
  std::vector<at::Tensor> heads;
  for (int64_t h = 0; h < attention.heads; ++h) {
    const auto own = [&](const at::Tensor& x) { return x.narrow(1, h * size, size); };
    const at::Tensor scores = own(q).matmul(own(k).t()) / std::sqrt(static_cast<double>(size));
    heads.push_back(
        scores.masked_fill(allowed.logical_not(), -std::numeric_limits<double>::infinity()).softmax(1).matmul(own(v)));
  }
  return attention.out_proj->forward(at::cat(heads, 1));
}

// One picture's decoder, by hand.
class ByHand {
 public:
  ByHand(const MaskedRun& run, const Question& question, MaskFeatures features)
      : model_(*run.model),
        question_(question),
        pyramid_(model_.encode(question.units.to(at::kDouble), question.view)),
        map_(feature_map(pyramid_).cells) {
    if (features == MaskFeatures::kMeanNorm) map_ = at::layer_norm(map_ - map_.mean(0), {map_.size(1)});
  }

  // [1 + layers][Q, d] after the final norm.
  std::vector<at::Tensor> decoded() {
    const Decoder& decoder = *model_.decoder;
    const at::Tensor place = decoder.query_embed;
    at::Tensor x = decoder.cls_token + place;
    std::vector<at::Tensor> all{decoder.norm->forward(x)};
    for (int64_t i = 0; i < decoder.layers->size(); ++i) {
      x = layer((*decoder.layers)[i], x, place, i % 3, all.back());
      all.push_back(decoder.norm->forward(x));
    }
    return all;
  }
  // Of the last decoded(): queries whose mask had nothing, and those that saw a part.
  int64_t empty = 0, partial = 0;

 private:
  at::Tensor layer(const DecoderLayer& layer, const at::Tensor& start, const at::Tensor& place, int64_t level,
                   const at::Tensor& before) {
    const int stage = 3 - static_cast<int>(level);
    const ImageRun& run = question_.view.plan.runs.at(0);
    const at::Tensor cells = run.plan->cells[static_cast<size_t>(stage)][0];
    const double side = 8 >> stage;
    const GridExtent extent{run.plan->height(stage), run.plan->width(stage), run.valid.height * side,
                            run.valid.width * side};
    const at::Tensor value = pyramid_.levels[static_cast<size_t>(stage)] + model_.decoder->level_embed[level];
    const at::Tensor key =
        value + position_vectors(model_.shape.decoder.positions, cells, extent, value.size(1)).to(at::kDouble);
    const at::Tensor allowed = allowed_cells(before, cells, extent);
    const bool is_post = layer.order == NormOrder::kPost;
    const auto add = [&](const at::Tensor& x, const LayerNorm& norm, const auto& branch) {
      return is_post ? norm.forward(x + branch(x)) : x + branch(norm.forward(x));
    };
    const at::Tensor everything = at::ones({start.size(0), start.size(0)}, at::kBool);
    at::Tensor x = add(start, *layer.norm1,
                       [&](const at::Tensor& y) { return attend(*layer.cross_attn, y + place, key, value, allowed); });
    x = add(x, *layer.norm2,
            [&](const at::Tensor& y) { return attend(*layer.self_attn, y + place, y + place, y, everything); });
    return add(x, *layer.norm3,
               [&](const at::Tensor& y) { return layer.linear2->forward(at::relu(layer.linear1->forward(y))); });
  }

  // [Q, K]: where the mask of each query, bilinear to the level, is at least a half.
  at::Tensor allowed_cells(const at::Tensor& before, const at::Tensor& cells, const GridExtent& extent) {
    const PlanTensors& plan = *question_.view.plan.runs[0].plan;
    const at::Tensor z = model_.heads->at("embedding").forward(before);
    const at::Tensor masks = z.matmul(map_.t()).view({1, z.size(0), plan.height(0), plan.width(0)});
    const at::Tensor level =
        at::upsample_bilinear2d(masks, {extent.height, extent.width}, /*align_corners=*/false)[0].sigmoid();
    const at::Tensor allowed = at::zeros({z.size(0), cells.size(0)}, at::kBool);
    for (int64_t q = 0; q < z.size(0); ++q) {
      int64_t seen = 0, valid = 0;
      const at::Tensor in_picture = at::zeros({cells.size(0)}, at::kBool);
      for (int64_t k = 0; k < cells.size(0); ++k) {
        const int64_t cell = cells[k].item<int64_t>(), row = cell / extent.width, column = cell % extent.width;
        if (static_cast<double>(row) >= extent.valid_height || static_cast<double>(column) >= extent.valid_width) continue;
        in_picture[k] = true, ++valid;
        if (level[q][row][column].item<double>() >= 0.5) allowed[q][k] = true, ++seen;
      }
      if (seen == 0) allowed[q].copy_(in_picture);
      (seen == 0 ? empty : partial) += seen < valid;
    }
    return allowed;
  }

  const Glid& model_;
  const Question& question_;
  Pyramid pyramid_;
  at::Tensor map_;  // [cells, d]
};

class MaskedAttentionOf : public testing::TestWithParam<NormOrder> {};
INSTANTIATE_TEST_SUITE_P(Norms, MaskedAttentionOf, testing::Values(NormOrder::kPre, NormOrder::kPost),
                         [](const auto& info) { return std::string(config::name_of(info.param)); });

// Three pictures in one batch, one of which ends within its units.
TEST_P(MaskedAttentionOf, QueriesSeeTheForegroundOfTheirMasksBeforeTheLayer) {
  int64_t empty = 0, partial = 0;
  for (const MaskFeatures features : {MaskFeatures::kPlain, MaskFeatures::kMeanNorm}) {
    MaskSetConfig set = masked_set(features);
    set.pictures.sizes = {24};
    const MaskedRun run = semantic_run(set, GetParam());
    const std::vector<Sample> samples{sample_with_masks(0, 2), sample_with_masks(1, 3, 27, 44), sample_with_masks(2, 1)};
    const std::vector<Answer> together = run.answer(run.ask(samples));
    for (int64_t b = 0; b < 3; ++b) {
      const Question question = run.ask({samples[static_cast<size_t>(b)]});
      ByHand by_hand(run, question, features);
      const std::vector<at::Tensor> decoded = by_hand.decoded();
      ASSERT_EQ(together[0].at("class").size(0), std::ssize(decoded));
      for (size_t layer = 0; layer < decoded.size(); ++layer)
        for (const char* head : {"class", "embedding"}) {
          const at::Tensor expected = run.model->heads->at(head).forward(decoded[layer]);
          const at::Tensor found = together[0].at(head)[static_cast<int64_t>(layer)][b];
          EXPECT_LT((found - expected).abs().max().item<double>(), 1e-10)
              << head << " of picture " << b << " after layer " << layer;
        }
      empty += by_hand.empty, partial += by_hand.partial;
    }
  }
  EXPECT_GT(empty, 0);
  EXPECT_GT(partial, 10);
}

TEST(MaskedAttention, IsOffByDefault) {
  MaskSetConfig set = masked_set();
  set.masked_attention = MaskSetConfig{}.masked_attention;
  const MaskedRun run = semantic_run(set);
  const Question question = run.ask({sample_with_masks(0, 2)});
  EXPECT_FALSE(question.queries[0].masked);
  EXPECT_EQ(run.task->spec().supervised_layers, (std::vector<int64_t>{1, 2, 3}));
}

// What queries say before the first layer is supervised too; a name tells it from the last layer's.
TEST(MaskedAttention, SupervisesTheQueriesAsTheyStart) {
  const MaskedRun run = semantic_run(masked_set());
  const Question question = run.ask({sample_with_masks(0, 2)});
  const Losses losses = run.task->losses(run.answer(question), question);
  std::vector<int64_t> layers;
  for (const LossTerm& term : losses.terms)
    if (term.name == "mask") layers.push_back(term.layer);
  EXPECT_THAT(layers, testing::ElementsAre(kBeforeLayers, 1, 2, 0));
  MaskSetConfig last = masked_set();
  last.deep_supervision = false;
  EXPECT_TRUE(semantic_run(last).task->spec().supervised_layers.empty());
}

// The masks change what queries see, and no gradient goes that way.
TEST(MaskedAttention, HasNoGradientThroughTheMasks) {
  const MaskedRun run = semantic_run(masked_set());
  const Question question = run.ask({sample_with_masks(0, 2)});
  const at::Tensor weight = run.model->heads->at("embedding").weight;
  const at::Tensor classes = run.answer(question)[0].at("class");
  classes.square().sum().backward();
  EXPECT_FALSE(weight.grad().defined());
  const at::NoGradGuard no_grad;
  weight.neg_();
  EXPECT_GT((run.answer(question)[0].at("class")[-1] - classes[-1]).abs().max().item<double>(), 1e-3);
}

// Also those of a task that a micro-batch has no picture of: zeros, not missing.
TEST(MaskedAttention, GivesEveryParameterAGradient) {
  MultitaskConfig config{.tasks = {"semantic", "instance"}};
  config.semantic.set = config.instance.set = masked_set();
  const MaskedRun run(make_task(config, masked_context()));
  for (const std::vector<int64_t>& ids : {std::vector<int64_t>{0, 1}, {2}}) {  // the second has none for instances
    std::vector<Sample> samples;
    for (const int64_t id : ids) samples.push_back(sample_with_masks(id, 2));
    const Question question = run.task->ask(batch_of_samples(*run.task, samples, /*training=*/true), /*training=*/true);
    run.model->zero_grad();
    at::Tensor total = at::zeros({}, at::kDouble);
    for (const LossTerm& term : run.task->losses(run.answer(question), question).terms) total = total + term.sum;
    total.backward();
    for (const auto& [name, parameter] : named_parameters(*run.model)) {
      ASSERT_TRUE(parameter.grad().defined()) << name;
      EXPECT_TRUE(at::isfinite(parameter.grad()).all().item<bool>()) << name;
      const bool is_moved = parameter.grad().abs().max().item<double>() > 0;
      if (name.starts_with("heads.instance")) {
        EXPECT_EQ(is_moved, ids.size() == 2) << name;
      }
      if (name.starts_with("heads.semantic") || name == "decoder.query_embed") {
        EXPECT_TRUE(is_moved) << name;
      }
    }
  }
}

// Each part of several tasks asks with the masks of its own head.
TEST(MaskedAttention, OfSeveralTasksIsEachTasksOwn) {
  MultitaskConfig config{.tasks = {"semantic", "panoptic"}};
  config.semantic.set = masked_set();
  config.panoptic.set = masked_set(MaskFeatures::kMeanNorm);
  const MaskedRun run(make_task(config, masked_context()));
  const std::vector<Sample> samples{sample_with_masks(0, 2), sample_with_masks(1, 3)};
  const Question question = run.ask(samples);
  const std::vector<Answer> answers = run.answer(question);
  ASSERT_EQ(question.queries.size(), 2u);
  EXPECT_EQ(question.queries[1].masked->head, "panoptic_embedding");
  run.model->heads->at("semantic_embedding").weight.detach().neg_();
  const std::vector<Answer> changed = run.answer(question);
  EXPECT_FALSE(at::equal(answers[0].at("semantic_class"), changed[0].at("semantic_class")));
  EXPECT_TRUE(at::equal(answers[1].at("panoptic_class"), changed[1].at("panoptic_class")));
}

}  // namespace
}  // namespace glid
