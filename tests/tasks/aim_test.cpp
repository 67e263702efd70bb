#include "glid/tasks/aim.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "support/batches.h"
#include "support/every_task.h"
#include "support/plans.h"

namespace glid {
namespace {

constexpr int64_t kUnits = 9;  // patches of 8 px in pictures of 24

class AimTest : public testing::Test {
 protected:
  AimTest() : task_(config(), shape().encoder, kSampleSize), model_(shape(), task_.spec()) { initialise_randomly(model_); }
  static AimConfig config() { return small_config(AimConfig()); }
  static ModelShape shape() { return small_model_for(config()); }
  Batch batch(int64_t count) const {
    return batch_of(0, count, kSampleSize, 8,
                    [&](const auto&... about) { return task_.prepare(about..., /*training=*/true); });
  }
  // Of each picture, all of whose patches from the second on are asked for.
  Question ask_of_all(const std::vector<int64_t>& prefixes) const {
    Question question = task_.ask(batch(std::ssize(prefixes)), /*training=*/true);
    question.view.prefix = at::tensor(prefixes);
    const at::Tensor before = at::arange(kUnits - 1).expand({std::ssize(prefixes), kUnits - 1});
    question.queries.at(0).asked = EncodedUnits{before, /*placed=*/true};
    return question;
  }
  at::Tensor answer(const Question& question) const {  // [B, N, 192]
    return model_.forward(question.units, question.view, question.queries).at(0).at("pixels")[0];
  }

  Aim task_;
  Glid model_;
};

TEST_F(AimTest, ModelHasAnEncoderAndAHeadOfResidualMlps) {
  std::set<std::string> parts;
  for (const auto& [name, parameter] : named_parameters(model_)) {
    if (name.starts_with("encoder.")) EXPECT_THAT(name, testing::Not(testing::HasSubstr("cls_token")));
    else parts.insert(name.substr(0, name.rfind('.')));
  }
  EXPECT_THAT(parts, testing::ElementsAre("heads.pixels", "heads.pixels.blocks.0.mlp.fc1", "heads.pixels.blocks.0.mlp.fc2",
                                          "heads.pixels.blocks.0.norm", "heads.pixels.blocks.1.mlp.fc1",
                                          "heads.pixels.blocks.1.mlp.fc2", "heads.pixels.blocks.1.norm"));
}

// What a patch is said to be depends on the patches before it and on the prefix, and on nothing else; bit for bit.
TEST_F(AimTest, APredictionDependsOnThePatchesBeforeAndOnThePrefix) {
  const std::vector<int64_t> prefixes{1, 4, kUnits - 1};
  const Question question = ask_of_all(prefixes);
  const at::Tensor before = answer(question);
  for (int64_t changed = 0; changed < kUnits; ++changed) {
    Question other = question;
    other.units = question.units.clone();
    other.units.view({3, kUnits, 8, 8, 3}).select(1, changed).neg_();
    const at::Tensor differs = answer(other).ne(before).any(2);  // [B, patches from the second on]
    for (int64_t b = 0; b < 3; ++b)
      for (int64_t patch = 1; patch < kUnits; ++patch) {
        const bool is_seen = changed < patch || changed < prefixes[static_cast<size_t>(b)];
        EXPECT_EQ(differs[b][patch - 1].item<bool>(), is_seen) << b << ": " << patch << " by " << changed;
      }
  }
}

TEST_F(AimTest, PrefixesAreDrawnForEverySampleFromOneToAllButOne) {
  std::map<int64_t, int64_t> counts;
  const int64_t draws = 4000;
  for (int64_t id = 0; id < draws; ++id) {
    const Sample sample{id, "noise", noise_image(kSampleSize, kSampleSize, 0), {}};
    const PreparedImage prepared = task_.prepare(sample, {5, 0, id}, {0, id}, /*training=*/false).at(0);
    const auto& hidden = std::get<std::vector<int64_t>>(prepared.arrays.at("hidden").values);
    EXPECT_FALSE(prepared.plan.has_value());
    EXPECT_EQ(hidden.back(), kUnits - 1);
    EXPECT_EQ(hidden.front(), kUnits - std::ssize(hidden));
    ++counts[hidden.front()];
  }
  ASSERT_EQ(counts.size(), 8u);
  EXPECT_EQ(counts.begin()->first, 1);
  for (const auto& [prefix, count] : counts) EXPECT_NEAR(count, draws / 8, 100) << prefix;  // 5 deviations
}

TEST_F(AimTest, LossIsTheMeanOverPixelsSummedOverPatchesOutsideOfThePrefix) {
  const Question question = task_.ask(batch(5), /*training=*/true);
  const at::Tensor& prefix = question.view.prefix;
  const int64_t hidden = kUnits * 5 - prefix.sum().item<int64_t>();
  const std::vector<double> counts = task_.counts(question.batch).at("units");
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0.0), static_cast<double>(hidden));
  ASSERT_GT(prefix.max().item<int64_t>(), prefix.min().item<int64_t>());
  at::Tensor pixels = question.targets.at("pixels") + 2;
  const auto loss_of = [&](const at::Tensor& answer) {
    return task_.losses(std::vector<Answer>{{{{"pixels", answer.unsqueeze(0)}}, {}}}, question);
  };
  const Losses off_by_two = loss_of(pixels);
  EXPECT_NEAR(off_by_two.terms.at(0).sum.item<double>() / static_cast<double>(hidden), 4, 1e-4);
  const double spread = off_by_two.diagnostics.at(0).value.item<double>();
  EXPECT_GT(spread, 0.1);
  // Answers where a picture has no more patches count nowhere.
  const at::Tensor nowhere = question.targets.at("counted").logical_not();
  ASSERT_TRUE(nowhere.any().item<bool>());
  const Losses same = loss_of(pixels.masked_fill(nowhere.unsqueeze(2), 1e3));
  EXPECT_EQ(same.terms.at(0).sum.item<double>(), off_by_two.terms.at(0).sum.item<double>());
  EXPECT_EQ(same.diagnostics.at(0).value.item<double>(), spread);
}

TEST_F(AimTest, ScoresOfATargetAreOfItsOwnPatch) {
  const Question question = task_.ask(batch(2), /*training=*/true);
  const at::Tensor units = normalise_units(question.units.flatten(1)).view({2, kUnits, 192});
  const at::Tensor &target = question.targets.at("pixels"), &read = std::get<EncodedUnits>(question.queries[0].asked).cells;
  for (int64_t b = 0; b < 2; ++b) {
    const int64_t prefix = question.view.prefix[b].item<int64_t>();
    EXPECT_EQ(read[b][0].item<int64_t>(), prefix - 1);  // by the token before it
    for (int64_t i = 0; prefix + i < kUnits; ++i) EXPECT_TRUE(at::equal(target[b][i], units[b][prefix + i])) << b << i;
  }
}

// Predictors that never learn see what the model sees: the patches before.
TEST_F(AimTest, BlindPredictorsSeeThePatchesBefore) {
  const Question question = task_.ask(batch(4), /*training=*/false);
  const std::vector<Reference> references = task_.references(question);
  ASSERT_EQ(references.size(), 3u);
  const std::vector<double> counts = task_.counts(question.batch).at("units");
  for (size_t b = 0; b < 4; ++b) EXPECT_EQ(references[0].counts.at(b), counts[b] * 192);
  const at::Tensor units = question.units.view({4, kUnits, 8, 8, 3}).to(at::kDouble);
  const at::Tensor normalised = normalise_units(question.units.flatten(1)).view({4, kUnits, 64, 3});
  for (int64_t b = 0; b < 4; ++b)
    for (int64_t patch = question.view.prefix[b].item<int64_t>(), i = 0; patch < kUnits; ++patch, ++i) {
      const at::Tensor colour = normalised[b].slice(0, 0, patch).flatten(0, 1).mean(0);
      const at::Tensor got = references[1].prediction[b][i].view({64, 3});
      EXPECT_LT((got - colour).abs().max().item<double>(), 1e-5) << b << ": " << patch;
      // A pixel of the interpolation, neighbour by neighbour.
      at::Tensor filled = at::zeros({8, 8, 3}, at::kDouble);
      for (int64_t y = 0; y < 8; ++y)
        for (int64_t x = 0; x < 8; ++x) {
          at::Tensor sum = at::zeros({3}, at::kDouble);
          double weight = 0;
          for (const auto& [down, right] : {std::pair{0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}) {
            const int64_t row = patch / 3 + down, column = patch % 3 + right;
            if (row < 0 || column < 0 || column > 2) continue;
            const at::Tensor dy = at::arange(8, at::kDouble).view({8, 1}) + 8 * down - y;
            const at::Tensor dx = at::arange(8, at::kDouble).view({1, 8}) + 8 * right - x;
            const at::Tensor cubes = (dy.square() + dx.square()).pow(-1.5).unsqueeze(2);
            sum += (units[b][row * 3 + column] * cubes).sum(at::IntArrayRef{0, 1});
            weight += cubes.sum().item<double>();
          }
          filled[y][x] = sum / weight;
        }
      const at::Tensor expected = normalise_units(filled.flatten().unsqueeze(0))[0];
      EXPECT_LT((references[2].prediction[b][i] - expected).abs().max().item<double>(), 1e-3) << b << ": " << patch;
    }
}

TEST_F(AimTest, PicturesShowThePrefixAndWhatFollows) {
  const Question question = task_.ask(batch(2), /*training=*/false);
  const Answer right{{{"pixels", question.targets.at("pixels").unsqueeze(0)}}, {}};
  const auto rows = task_.pictures(std::vector<Answer>{right}, question);
  ASSERT_EQ(rows.size(), 2u);
  for (int64_t b = 0; b < 2; ++b) {
    const std::vector<Image>& row = rows[static_cast<size_t>(b)];
    const auto is_shown = [&](int64_t patch) {  // the first pixel of its middle
      const size_t pixel = static_cast<size_t>(((patch / 3 * 8 + 4) * kSampleSize + patch % 3 * 8 + 4) * 3);
      return row[0].pixels[pixel] == row[3].pixels[pixel] && row[0].pixels[pixel + 1] == row[3].pixels[pixel + 1];
    };
    for (int64_t patch = 0; patch < kUnits; ++patch)
      EXPECT_EQ(is_shown(patch), patch < question.view.prefix[b].item<int64_t>()) << b << ": " << patch;
    for (size_t i = 0; i < row[1].pixels.size(); ++i) EXPECT_NEAR(row[1].pixels[i], row[3].pixels[i], 1);
  }
}

}  // namespace
}  // namespace glid
