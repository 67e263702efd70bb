// Runs of every task of the variant: killed ones end with the bits of whole ones, and frozen parts stay as they are.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/train/session.h"
#include "support/every_task.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class EveryTaskRuns : public testing::TestWithParam<std::string> {
 protected:
  static RunConfig configured(std::vector<std::string> settings) {
    settings.insert(settings.begin(), {"train.batch_size=4", "train.steps=6", "checkpoint.every_steps=3",
                                       "log.pictures_every_steps=0", "eval.every_steps=0"});
    RunConfig config;
    config::read(config::load_tree(std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", settings), config);
    config.task = every_task().at(GetParam());
    for (const bool class_token : {true, false})
      if (!is_answered_by(config.model.encoder.shape(), config.task)) config.model.encoder.size = vit(class_token);
    auto& scenes = std::get<Scenes::Config>(config.data.dataset);
    scenes.kind = scenes_for(config.task);
    config.eval.metric = small_metric(config.task, Scenes(scenes, Split::kTrain).vocabulary().joints.size());
    return config;
  }

  // Of a token a unit.
  static TinyVit vit(bool class_token) {
    TinyVit vit;
    vit.unit = 1;
    vit.class_token = class_token;
    return vit;
  }
};

TEST_P(EveryTaskRuns, AfterKill9AreBitEqual) {
  const TemporaryFolder dir;
  const fs::path whole = dir.path() / "whole", killed = dir.path() / "killed", config = dir.path() / "config.yaml";
  write_file(config, config::write(configured({"optim.ema=0.9"})));
  const auto into = [&](const fs::path& out) {
    return std::vector<std::string>{"--config", config.string(), "--out", out.string()};
  };
  const ProgramResult reference = run("glid_train", into(whole));
  ASSERT_EQ(reference.code, 0) << reference.output;
  const Program program("glid_train", into(killed));
  ASSERT_TRUE(Program::wait_for(checkpoint_of(killed, 3) / "state.json"));
  program.send(SIGKILL);
  program.wait();  // a run that ended before the signal came is one more that goes on
  const ProgramResult resumed = run("glid_train", into(killed));
  ASSERT_EQ(resumed.code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("going on at step"));
  expect_equal_checkpoints(whole, killed, 6);
}

TEST_P(EveryTaskRuns, FrozenPartsHaveNoGradientAndAllOthersHave) {
  at::set_num_threads(1);
  const auto alone = make_communicator(LaunchEnv{}, at::kCPU);
  const auto started = [&](const RunConfig& config) {
    return std::make_unique<Session>(config, make_dataset(config.data, Split::kTrain), batch_layout(config, *alone), *alone,
                                     at::kCPU);
  };
  const NamedTensors all = named_parameters(*started(configured({}))->model);
  for (const std::string_view part : kModelParts) {
    const RunConfig config = configured({format("optim.freeze=[{}]", part)});
    if (std::ranges::none_of(all, [&](const auto& p) { return part_of_parameter(p.first) == part; })) {
      EXPECT_THROW((void)started(config), UsageError) << part;
      continue;
    }
    const std::unique_ptr<Session> holder = started(config);
    Session& session = *holder;
    std::map<std::string, at::Tensor> before;
    for (const auto& [name, weight] : named_parameters(*session.model)) before[name] = weight.detach().clone();
    (void)train_step(session.learner, session.loader.next(), 1e-3);
    for (const auto& [name, weight] : named_parameters(*session.model)) {
      const bool frozen = part_of_parameter(name) == part;
      EXPECT_EQ(at::equal(weight, before.at(name)), frozen) << name << " with " << part << " frozen";
      EXPECT_EQ(weight.requires_grad(), !frozen) << name;
    }
    const NamedTensors& learned = session.gradients.parameters();
    for (size_t i = 0; i < learned.size(); ++i)
      EXPECT_GT(session.gradients.gradients()[i].abs().max().item<double>(), 0) << learned[i].first << " beside " << part;
  }
}

TEST_P(EveryTaskRuns, RefuseViewsThatTheTaskHasNot) {
  const RunConfig config = configured({});
  const auto has = [](Tta tta) {
    return [tta]<class Config>(const Config&) {
      if constexpr (requires { Config::kTta; }) return std::ranges::find(Config::kTta, tta) != Config::kTta.end();
      else return false;
    };
  };
  for (const auto& [tta, name, meaning] : enum_names(Tta{})) {
    const config::Tree tree = config::parse_tree(config::write(config), "written", {format("eval.tta={}", name)});
    RunConfig read;
    if (tta == Tta::kNone || std::visit(has(tta), config.task)) config::read(tree, read);
    else EXPECT_THROW(config::read(tree, read), UsageError) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Walk, EveryTaskRuns, testing::ValuesIn(task_names()), [](const auto& info) { return info.param; });

}  // namespace
}  // namespace glid
