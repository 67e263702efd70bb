#include "glid/train/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "glid/config/read.h"
#include "glid/config/write.h"
#include "glid/core/error.h"
#include "glid/core/files.h"
#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::HasSubstr;

RunConfig load(const std::string& name, const std::vector<std::string>& overrides = {}) {
  RunConfig config;
  config::read(config::load_tree(std::filesystem::path(GLID_SOURCE_DIR) / "configs" / name, overrides), config);
  return config;
}

std::string error_of(const std::vector<std::string>& overrides) {
  try {
    load("demo_pretrain.yaml", overrides);
  } catch (const UsageError& error) {
    return error.what();
  }
  return {};
}

// The paper's numbers, to the letter (section 4, "Pre-training").
TEST(PaperConfigs, HoldThePapersNumbers) {
  for (const char* name : {"pretrain_swinb.yaml", "pretrain_swinl.yaml"}) {
    const RunConfig config = load(name);
    EXPECT_EQ(config.train.epochs, 600);
    EXPECT_EQ(config.train.batch_size, 2048);
    EXPECT_EQ(config.data.image_size, 192);
    EXPECT_EQ(config.optim.lr, 1.2e-3);
    EXPECT_EQ(config.optim.weight_decay, 0.05);
    EXPECT_EQ(config.model.decoder.layers, 6);
    EXPECT_EQ(config.model.decoder.width, 512);
    const auto& task = std::get<MaskedImageConfig>(config.task);
    EXPECT_EQ(task.hiding.mask_ratio, 0.75);
    EXPECT_EQ(task.hiding.mask, MaskStrategy::kRandom);
    const int64_t steps_per_epoch = 1281167 / config.train.batch_size;
    EXPECT_EQ(config.total_steps(steps_per_epoch), 375000);
    EXPECT_EQ(config.schedule(steps_per_epoch).warmup_steps, 25000);
  }
  EXPECT_EQ(load("pretrain_swinl.yaml").model.encoder.shape().stage_channels(0), 192);
}

// Nobody has to set anything to look at one.
TEST(Configs, AreReadAsTheyStand) {
  int count = 0;
  const std::filesystem::path configs = std::filesystem::path(GLID_SOURCE_DIR) / "configs";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(configs))
    if (entry.path().extension() == ".yaml" && entry.path().parent_path().filename() != "models") {
      EXPECT_NO_THROW(load(entry.path().lexically_relative(configs))) << entry.path();
      ++count;
    }
  EXPECT_GE(count, 20);
}

TEST(RunConfig, WritesWhatItReads) {
  const RunConfig config = load("demo_pretrain.yaml", {"model.encoder.window=[6,6,3,3]", "optim.ema=0.99"});
  RunConfig again;
  config::read(config::parse_tree(config::write(config), "resolved.yaml"), again);
  EXPECT_EQ(config::flatten(config), config::flatten(again));
}

// The keys of an encoder are those of its kind.
TEST(RunConfig, ViTsHaveKeysOfTheirOwn) {
  const auto with_encoder = [](const std::string& keys) { return error_of({"model.encoder={name: tiny_vit" + keys + "}"}); };
  EXPECT_EQ(with_encoder(""), "");
  EXPECT_EQ(with_encoder(", positions: none, relative_bias: shared, layer_scale: 0.1, class_token: false"), "");
  EXPECT_THAT(with_encoder(", window: 7"), HasSubstr("model.encoder.window"));
  EXPECT_THAT(error_of({"model.encoder.class_token=true"}), HasSubstr("model.encoder.class_token"));
  EXPECT_THAT(with_encoder(", unit: 1"),
              HasSubstr("model.encoder.unit must be 2 for masked_image, which asks BiFPN and decoder"));
  EXPECT_THAT(with_encoder(", patch: 6"), HasSubstr("model.encoder.patch must be a multiple of 4 px where unit is 2"));
  EXPECT_THAT(with_encoder(", positions: none"), HasSubstr("model.encoder.positions must be sincos or learned"));
  EXPECT_THAT(with_encoder(", positions: sincos, relative_bias: each"),
              HasSubstr("model.encoder.positions must be none or"));
  RunConfig config = load("demo_pretrain.yaml", {"model.encoder={name: vitb, patch: 8, grid: 24}"});
  const VitShape shape = *config.model.encoder.shape().vit();
  EXPECT_EQ(shape.channels, 768);
  EXPECT_EQ(shape.unit_px(), 16);
  EXPECT_EQ(shape.grid, 24);
}

TEST(RunConfig, AimNeedsAViTOfPatchesWithoutAClassToken) {
  const auto with_encoder = [](const std::string& encoder) {
    return error_of({"task={name: aim}", "model.encoder=" + encoder});
  };
  EXPECT_EQ(with_encoder("{name: tiny_vit, unit: 1, class_token: false}"), "");
  EXPECT_THAT(with_encoder("{name: tiny}"), HasSubstr("model.encoder.name must be a ViT for aim"));
  EXPECT_THAT(with_encoder("{name: tiny_vit, unit: 1}"), HasSubstr("model.encoder.class_token must be false for aim"));
  EXPECT_THAT(with_encoder("{name: tiny_vit, class_token: false}"),
              HasSubstr("model.encoder.unit must be 1 for aim, which reads a token of each unit"));
  EXPECT_THAT(error_of({"task={name: aim}", "model.encoder={name: tiny_vit, unit: 1, class_token: false, patch: 48}",
                        "data.image_size=48"}),
              HasSubstr("data.image_size must hold two patches for aim"));
}

TEST(RunConfig, PicturesAreMixedInPairs) {
  const auto with_batch = [](const std::string& size, const std::string& accumulate) {
    return error_of(
        {"task={name: supervised}", "eval.metric=loss", "train.batch_size=" + size, "train.accumulate=" + accumulate});
  };
  EXPECT_EQ(with_batch("12", "2"), "");
  EXPECT_THAT(with_batch("6", "2"),
              HasSubstr("train.batch_size must give micro-batches of whole pairs, which task.mixup and "
                        "task.cutmix mix (got 3 pictures of a rank at a time); an even number, or "
                        "task.mixup=0 and task.cutmix=0"));
}

TEST(RunConfig, MasksOfAnyRatioThatLeavesAUnit) {
  EXPECT_EQ(error_of({"task.mask_ratio=0.9"}), "");
  EXPECT_THAT(error_of({"task.mask_ratio=0.99"}),
              HasSubstr("task.mask_ratio leaves no visible unit of 6x6; the largest that "
                        "does is 0.972 (got 0.99)"));
  EXPECT_EQ(error_of({"task={name: simmim, mask_ratio: 0.6, interpolation: bicubic}"}), "");
}

TEST(RunConfig, StepsOverrideEpochs) {
  RunConfig config;
  config.train.epochs = 2.5;
  EXPECT_EQ(config.total_steps(100), 250);
  config.train.steps = 7;
  EXPECT_EQ(config.total_steps(100), 7);
  config.optim.warmup_epochs = 3;
  EXPECT_EQ(config.schedule(100).warmup_steps, 300);
}

TEST(RunConfig, RefusesWhatCantRun) {
  EXPECT_THAT(error_of({"task.mask_ratio=1.0"}), HasSubstr("task.mask_ratio"));
  EXPECT_THAT(error_of({"task.mask=grid", "task.mask_ratio=0.5"}), HasSubstr("0.75"));
  EXPECT_THAT(error_of({"data.image_size=100"}), HasSubstr("multiple of the unit"));
  EXPECT_THAT(error_of({"optim.leraning_rate=1"}), HasSubstr("optim.leraning_rate"));
  EXPECT_THAT(error_of({"bifpn.width=1"}), HasSubstr("bifpn"));
  EXPECT_THAT(error_of({"model.bifpn.width=64"}), HasSubstr("decoder.width"));
  EXPECT_THAT(error_of({"model.decoder.layers=4"}), HasSubstr("model.decoder.layers"));
  EXPECT_EQ(error_of({"task.mask=block", "task.mask_ratio=0.6"}), "");
}

// Large-scale jitter takes the place of sizes and of the part that is cut out.
TEST(RunConfig, RefusesTwoWaysToSizePictures) {
  for (const char* task : {"semantic", "instance", "panoptic", "detection"}) {
    const auto error = [&](const std::string& keys) {
      return error_of({format("task={{name: {}, jitter: [0.1, 2]{}}}", task, keys), "eval.metric=loss"});
    };
    EXPECT_EQ(error(""), "");
    EXPECT_THAT(error(", sizes: [32]"), HasSubstr("task.jitter takes the place of sizes"));
  }
  EXPECT_THAT(error_of({"task={name: instance, jitter: [2, 0.1]}"}), HasSubstr("task.jitter must be [least, most]"));
  EXPECT_THAT(error_of({"task={name: instance, jitter: [0.1, 2], crop: [32, 32]}"}), HasSubstr("task.crop must be null"));
  const std::string other = "task={name: multitask, semantic: {jitter: [0.1, 2]}, ";
  EXPECT_THAT(error_of({other + "instance: {sizes: [32], crop: [32, 32], max_size: 99}}"}), HasSubstr("see pictures"));
}

// A panoptic model is measured by all three tasks' rules; others by their own.
TEST(RunConfig, MeasuresWhatAModelCanAnswer) {
  const auto error = [](const std::string& task, const std::string& tasks) {
    return error_of({format("task={{name: {}}}", task), "eval={metric: multitask, tasks: " + tasks + "}"});
  };
  EXPECT_EQ(error("panoptic", "[panoptic, instance, semantic]"), "");
  EXPECT_THAT(error("semantic", "[semantic, panoptic]"), HasSubstr("must be loss|semantic for task.name: semantic"));
  EXPECT_EQ(load("demo_finetune_panoptic.yaml", {"eval={metric: multitask, tasks: [panoptic, instance]}"})
                .task_context({})
                .measured,
            (std::vector<std::string>{"panoptic", "instance"}));
  EXPECT_TRUE(load("demo_finetune_panoptic.yaml").task_context({}).measured.empty());
}

TEST(CompareConfigs, SeparatesIdentityFromBits) {
  const RunConfig old_config = load("demo_pretrain.yaml");
  const ConfigChanges changes = compare_configs(
      old_config,
      load("demo_pretrain.yaml", {"seed=1", "data.workers=8", "train.accumulate=2", "optim.lr=1", "log.every_steps=1"}));
  EXPECT_THAT(changes.refused, testing::UnorderedElementsAre(HasSubstr("seed"), HasSubstr("optim.lr")));
  EXPECT_THAT(changes.warned, testing::ElementsAre(HasSubstr("train.accumulate")));
}

TEST(CompareConfigs, PlacesAndLimitsAreNoIdentity) {
  const auto of_data = [](const std::string& data) { return load("demo_pretrain.yaml", {"data={" + data + "}"}); };
  const ConfigChanges changes = compare_configs(
      of_data("name: nyu_depth, root: a, train_list: x.txt, val_list: y.txt"),
      of_data("name: nyu_depth, root: /b, train_list: z.txt, val_list: w.txt, max_bad_files: 7, workers: 9"));
  EXPECT_THAT(changes.refused, testing::IsEmpty());
  EXPECT_THAT(changes.warned, testing::IsEmpty());
  EXPECT_THAT(changes.measure, testing::ElementsAre(HasSubstr("data.val_list")));
  EXPECT_THAT(compare_configs(of_data("root: a, fraction: 1"), of_data("root: a, fraction: 0.5")).refused,
              testing::ElementsAre(HasSubstr("data.fraction")));
}

TEST(RunConfig, PathsKnowTheHomeFolder) {
  setenv("HOME", "/home/me", 1);
  const RunConfig config = load("demo_pretrain.yaml", {"data.root=~/photos", "init.from=~/runs/a", "out=~/b"});
  EXPECT_EQ(root_of(config.data.dataset), "/home/me/photos");
  EXPECT_EQ(config.init.from, "/home/me/runs/a");
  EXPECT_EQ(config.out, "/home/me/b");
  EXPECT_THAT(error_of({"data.root=~you/photos"}), HasSubstr("data.root must be a path (got ~you/photos)"));
  EXPECT_THAT(error_of({"out="}), HasSubstr("out must be a path"));
  EXPECT_EQ(error_of({"init.from=\"\""}), "");
}

TEST(Schedules, AreChosenByNameWithTheirOwnKeys) {
  const RunConfig config =
      load("demo_pretrain.yaml", {"optim.schedule.name=steps", "optim.schedule.milestones=[0.5, 0.75]"});
  const Schedule schedule = config.schedule(10);
  EXPECT_EQ(schedule.warmup_steps, 100);
  EXPECT_DOUBLE_EQ(schedule.at(499), config.optim.lr);
  EXPECT_DOUBLE_EQ(schedule.at(750), config.optim.lr * 0.1 * 0.1);
  EXPECT_THAT(error_of({"optim.schedule.name=poly", "optim.schedule.factor=0.5"}), HasSubstr("factor"));
  EXPECT_THAT(error_of({"optim.schedule.name=steps", "optim.schedule.milestones=[0.8, 0.5]"}), HasSubstr("must ascend"));
  EXPECT_THAT(error_of({"optim.schedule.name=one_cycle"}), HasSubstr("optim.schedule.pct"));  // the demo's warmup_steps
  EXPECT_THAT(error_of({"optim.freeze=[neck]"}), HasSubstr("optim.freeze"));
  EXPECT_THAT(error_of({"optim.freeze=[encoder, bifpn, decoder, queries, heads]"}), HasSubstr("nothing to train"));
}

// What a task doesn't learn from doesn't keep it from its pictures.
TEST(RunConfig, PreTrainingTakesThePicturesOfADataSetAlone) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path() / "annotations");
  std::filesystem::create_directories(folder.path() / "train");
  write_png(folder.path() / "train" / "a.png", Image::filled(8, 10, 9));
  write_file(
      folder.path() / "annotations" / "instances_train.json",
      R"({"images": [{"id": 4, "file_name": "a.png", "height": 8, "width": 10}], "categories": [{"id": 1, "name": "a"}],
                 "annotations": [{"id": 1, "image_id": 4, "category_id": 1, "segmentation": [[1, 2, 3, 4]]}]})");
  const std::vector<std::string> data = {"data.name=coco", "data.root=" + folder.path().string()};
  EXPECT_EQ(load("demo_pretrain.yaml", data).dataset(Split::kTrain)->size(), 1);
  EXPECT_THROW(load("finetune_coco_detection_swinb.yaml", data).dataset(Split::kTrain), DataError);
}

}  // namespace
}  // namespace glid
