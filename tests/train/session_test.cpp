// What a configuration asks for reaches the parts of a run.
#include "glid/train/session.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "glid/config/read.h"
#include "glid/train/validation.h"

namespace glid {
namespace {

RunConfig small_config(std::vector<std::string> overrides) {
  overrides.emplace_back("train.batch_size=2");
  RunConfig config;
  config::read(config::load_tree(std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", overrides), config);
  return config;
}

std::map<std::string, at::Tensor> copies_of(const NamedTensors& tensors) {
  std::map<std::string, at::Tensor> copies;
  for (const auto& [name, tensor] : tensors) copies[name] = tensor.detach().clone();
  return copies;
}

struct SmallSession {
  explicit SmallSession(const std::vector<std::string>& overrides)
      : alone(make_communicator(LaunchEnv{}, at::kCPU)), session(started(small_config(overrides))) {
    at::set_num_threads(1);  // train.threads, which the program sets
  }
  Session started(const RunConfig& config) const {
    return {config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone, at::kCPU};
  }
  std::map<std::string, at::Tensor> weights() const { return copies_of(named_parameters(*session.model)); }
  void update(int times, double lr = 1e-3) {
    for (int i = 0; i < times; ++i) (void)train_step(session.learner, session.loader.next(), lr);
  }

  std::unique_ptr<Communicator> alone;
  Session session;
};

TEST(Session, FrozenPartsStayAsTheyStart) {
  SmallSession run({"optim.freeze=[encoder, decoder]"});
  const auto before = run.weights();
  run.update(2);
  for (const auto& [name, weight] : run.weights()) {
    const bool frozen = name.starts_with("encoder.") || name.starts_with("decoder.");  // [CLS] and [M] too
    EXPECT_EQ(at::equal(weight, before.at(name)), frozen) << name;
  }
}

// AdamW's first step moves every value by the rate, whatever its gradient.
TEST(Session, PartsAndLayersLearnAtTheirRates) {
  SmallSession run(
      {"optim.weight_decay=0", "optim.lr_mult={encoder: 0.5, decoder: 2, heads: 0.125}", "optim.layer_decay=0.5"});
  const auto before = run.weights();
  run.update(1, 1e-2);
  const auto after = run.weights();
  const std::map<std::string, double> factors{{"heads.pixels.weight", 0.125},
                                              {"bifpn.cells.0.bottom_up0.pointwise.weight", 1},
                                              {"decoder.layers.0.linear1.weight", 2},
                                              {"decoder.mask_token", 2},
                                              {"encoder.norm3.weight", 0.5},
                                              {"encoder.layers.3.blocks.1.mlp.fc2.weight", 0.5 * std::pow(0.5, 1)},
                                              {"encoder.patch_embed.proj.weight", 0.5 * std::pow(0.5, 9)}};
  for (const auto& [name, factor] : factors) {
    const double moved = (after.at(name) - before.at(name)).abs().max().item<double>();
    EXPECT_NEAR(moved / 1e-2, factor, 0.01 * factor) << name;
  }
}

// Scenes, every other of them without an object.
class HalfEmpty : public AnnotatedDataset {
 public:
  explicit HalfEmpty(std::shared_ptr<const AnnotatedDataset> scenes) : scenes_(std::move(scenes)) {}
  int64_t size() const override { return scenes_->size(); }
  Sample get(int64_t id) const override {
    Sample sample = scenes_->get(id);
    if (id % 2 == 0) sample.targets.instances.clear();
    return sample;
  }
  std::string name(int64_t id) const override { return scenes_->name(id); }
  Fingerprint fingerprint() const override { return {scenes_->fingerprint().names + 1, 0}; }
  const Vocabulary& vocabulary() const override { return scenes_->vocabulary(); }
  void inspect(int64_t, Inspection&) const override {}

 private:
  std::shared_ptr<const AnnotatedDataset> scenes_;
};

TEST(Session, TrainsOnWhatTheTaskWants) {
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const RunConfig config = small_config({"task={name: instance, queries: 5, points: 16}"});
  const auto data = std::make_shared<HalfEmpty>(make_dataset(config.data, Split::kTrain));
  const Session session(config, data, batch_layout(config, *alone), *alone, at::kCPU);
  EXPECT_EQ(session.data->size(), data->size() / 2);
  EXPECT_EQ(session.plan->steps_per_epoch(), data->size() / 4);  // of two images
  for (int64_t id = 0; id < session.data->size(); ++id) EXPECT_EQ(session.data->name(id), data->name(2 * id + 1));
}

TEST(Validation, LeavesWeightsAndAveragesAsTheyWere) {
  SmallSession run({"optim.ema=0.9", "eval.fraction=0.5"});
  run.update(2);
  const auto weights = run.weights(), averages = copies_of(run.session.ema->state());
  ASSERT_FALSE(at::equal(weights.at("heads.pixels.weight"), averages.at("heads.pixels.weight")));
  Validation validation(run.session);
  ASSERT_TRUE(validation.measure().has_value());
  for (const auto& [name, weight] : run.weights()) EXPECT_TRUE(at::equal(weight, weights.at(name))) << name;
  for (const auto& [name, average] : run.session.ema->state()) EXPECT_TRUE(at::equal(average, averages.at(name))) << name;
}

}  // namespace
}  // namespace glid
