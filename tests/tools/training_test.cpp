#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "glid/formats/image_file.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

TEST(Training, LeavesACompleteRunFolder) {
  const TemporaryFolder dir;
  const fs::path out = dir.path() / "run";
  const ProgramResult result = run("glid_train", small_training(out));
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* file : {"config.yaml", "log.txt", "metrics.jsonl", "curve.png", "pictures/step_00000012.png",
                           "checkpoints/step_00000012/model.safetensors", "checkpoints/step_00000012/optimizer.safetensors",
                           "checkpoints/step_00000012/state.json", "checkpoints/step_00000012/config.yaml"})
    EXPECT_TRUE(fs::exists(out / file)) << file;
  int64_t training = 0, validation = 0, references = 0;
  for (const Json& line : lines_of(out / "metrics.jsonl")) {
    validation += line.find("val_loss") != nullptr;
    references += line.find("without_learning") != nullptr;
    if (!line.find("loss")) continue;
    ++training;
    for (const char* key : {"step", "epoch", "lr", "grad_norm", "query_spread", "images_per_s", "data_wait", "memory_mib"})
      EXPECT_TRUE(line.find(key)) << key;
    EXPECT_GE(line.at("data_wait").as_double(), 0);
    EXPECT_LE(line.at("data_wait").as_double(), 1);
    EXPECT_EQ(line.at("epoch").as_double(), line.at("step").as_double() / 8);  // 64 scenes, batches of 8
  }
  EXPECT_EQ(training, 6);
  EXPECT_EQ(validation, 2);
  EXPECT_EQ(references, 1);
  EXPECT_GT(read_image(out / "curve.png").width, 100);
}

TEST(Training, OfDepthLogsEveryTermAndTheErrors) {
  const TemporaryFolder dir;
  std::vector<std::string> options;
  for (const char* setting : {"task={name: depth, bins: 8, auxiliary: [[1, 0.25]], crop: [24, 24]}", "eval.metric=depth",
                              "eval.crop=none", "train.steps=2", "log.every_steps=2", "log.pictures_every_steps=2"})
    options.insert(options.end(), {"--set", setting});
  const ProgramResult result = run("glid_train", small_training(dir.path(), options));
  ASSERT_EQ(result.code, 0) << result.output;
  double loss = 0, terms = 0, rmse = 0;
  for (const Json& line : lines_of(dir.path() / "metrics.jsonl")) {
    if (const Json* value = line.find("loss")) {
      loss = value->as_double();
      terms = line.at("loss_si").as_double() + 0.25 * line.at("loss_si_layer1").as_double();
    }
    if (const Json* value = line.find("val_rmse")) rmse = value->as_double();
  }
  EXPECT_GT(loss, 0);
  EXPECT_NEAR(terms, loss, 1e-5 * loss);
  EXPECT_GT(rmse, 0);
  EXPECT_TRUE(fs::exists(dir.path() / "pictures/step_00000002.png"));
}

TEST(Training, TheFirstLineSaysHowItComputes) {
  const TemporaryFolder dir;
  const ProgramResult given =
      run("glid_train", small_training(dir.path() / "a", {"--set", "train.steps=1", "--threads", "2"}));
  EXPECT_THAT(given.output.substr(0, given.output.find('\n')), testing::EndsWith(" 2 threads, cpu, fp32"));
  const char* before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before ? before : "";
  unsetenv("OMP_NUM_THREADS");  // as many as are free, whatever that is where the test runs
  const ProgramResult free =
      run("glid_train", small_training(dir.path() / "b", {"--set", "train.steps=1", "--set", "train.threads=null"}));
  if (before) setenv("OMP_NUM_THREADS", kept.c_str(), 1);
  EXPECT_EQ(free.code, 0) << free.output;
  EXPECT_THAT(free.output.substr(0, free.output.find('\n')),
              testing::ContainsRegex(" [0-9]+ threads?( \\(of .*\\))?, cpu, fp32"));
}

TEST(Training, TheLogBeginsWithWhatMadeItEachTime) {
  const TemporaryFolder dir;
  const fs::path out = dir.path() / "run";
  ASSERT_EQ(run("glid_train", small_training(out, {"--set", "train.steps=1", "--set", "train.threads=1"})).code, 0);
  ASSERT_EQ(run("glid_train", small_training(out, {"--set", "train.steps=2", "--set", "train.threads=1"})).code, 0);
  const std::string log = read_file(out / "log.txt");
  const size_t first = log.find("glid_train --config "), second = log.find("glid_train --config ", first + 1);
  EXPECT_EQ(first, std::string("2026-01-31 12:34:56 ").size());
  EXPECT_NE(second, std::string::npos);
  EXPECT_THAT(log, testing::ContainsRegex(
                       "glid [0-9.]+ \\(commit [0-9a-z]+(-dirty)?\\) on .*, cpu, 1 rank\\(s\\), 1 thread\\(s\\)"));
}

TEST(Training, WarnsOfHalfPrecisionOnACpu) {
  const TemporaryFolder dir;
  const std::vector<std::string> one_step{"--set", "train.steps=1", "--set", "train.threads=1"};
  auto half = one_step;
  half.insert(half.end(), {"--set", "train.precision=fp16"});
  const ProgramResult slow = run("glid_train", small_training(dir.path() / "a", half));
  EXPECT_EQ(slow.code, 0) << slow.output;
  EXPECT_THAT(slow.output, HasSubstr("train.precision: fp16 has no fast kernels on a CPU"));
  EXPECT_THAT(run("glid_train", small_training(dir.path() / "b", one_step)).output, Not(HasSubstr("fast kernels")));
}

TEST(Training, DryRunCountsParametersAndWritesNothing) {
  const TemporaryFolder dir;
  const fs::path out = dir.path() / "run";
  const ProgramResult result =
      run("glid_train", {"--config", std::string(GLID_SOURCE_DIR) + "/configs/demo_pretrain.yaml", "--out", out.string(),
                         "--dry-run", "--set", "data.root=/nonexistent", "--set", "train.batch_size=4", "--set",
                         "train.steps=50", "--set", "optim.lr_mult.encoder=0.1"});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("encoder"));
  EXPECT_THAT(result.output, HasSubstr("1,281,167 images assumed"));
  EXPECT_THAT(result.output, HasSubstr("EXTRAPOLATED"));
  EXPECT_THAT(result.output, HasSubstr("lr x 0.1"));
  EXPECT_THAT(result.output, HasSubstr("the warm-up, 100 steps, is as long as the run, 50 steps"));
  EXPECT_THAT(result.output, HasSubstr("images of 48 px"));
  EXPECT_THAT(result.output, HasSubstr("images of 96 px"));
  EXPECT_FALSE(fs::exists(out));
}

// Which looks at its images before, and for which there is no data set to count.
TEST(Training, DryRunOfATaskThatChoosesItsImages) {
  const TemporaryFolder dir;
  const ProgramResult result =
      run("glid_train", small_training(dir.path() / "run", {"--dry-run", "--nproc", "2", "--set", "train.threads=1", "--set",
                                                            "task={name: instance, queries: 5, points: 16}", "--set",
                                                            "train.shard_optimizer=true"}));
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("as measured"));
  EXPECT_THAT(result.output, HasSubstr("on 2 rank(s)"));
  double kept = 0, all = 0;
  const size_t line = result.output.find("  optimizer: ");
  ASSERT_NE(line, std::string::npos) << result.output;
  ASSERT_EQ(std::sscanf(result.output.c_str() + line, "  optimizer: %lf MiB a rank of %lf MiB", &kept, &all), 2);
  EXPECT_NEAR(kept, all / 2, 0.1 * all);
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
}

TEST(Training, ProfileTimesEveryPartAndWritesNoRun) {
  const TemporaryFolder dir;
  const ProgramResult result =
      run("glid_train", small_training(dir.path() / "run", {"--profile", "2", "--trace", dir.path() / "trace.json", "--set",
                                                            "task={name: instance, queries: 5, points: 16}", "--set",
                                                            "eval.metric=mask", "--set", "data.workers=1"}));
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* part :
       {"data", "encoder", "bifpn", "decoder", "matching", "losses", "backward", "update", "read", "prepare"})
    EXPECT_THAT(result.output, HasSubstr(std::string("\n  ") + part + " ")) << part;
  EXPECT_THAT(result.output, HasSubstr(" GFLOP an image"));
  EXPECT_THAT(result.output, testing::ContainsRegex("the longest operations of 3 updates more; .*\n.* ms .*%.*x  aten::"));
  EXPECT_TRUE(fs::exists(dir.path() / "trace.json"));
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
}

TEST(Training, ATraceIsAFile) {
  const TemporaryFolder dir;
  for (const fs::path& place : {fs::path("/dev/null"), dir.path()}) {
    const ProgramResult result =
        run("glid_train", small_training(dir.path() / "run", {"--profile", "1", "--trace", place.string()}));
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr("--trace")) << place;
  }
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Training, PrintsConfigWithOriginsAndHelp) {
  const TemporaryFolder dir;
  const ProgramResult printed =
      run("glid_train", small_training(dir.path() / "run", {"--print-config", "--set", "optim.lr=0.5"}));
  EXPECT_EQ(printed.code, 0);
  EXPECT_THAT(printed.output, HasSubstr("--set"));
  EXPECT_THAT(printed.output, HasSubstr("small_run.yaml:"));
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
  const ProgramResult help = run("glid_train", {"--help-config"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.output, HasSubstr("task.mask_ratio"));
  EXPECT_THAT(help.output, HasSubstr("\ndata.name "));
}

TEST(Training, HelpOfABlockAndOfAConfiguration) {
  const ProgramResult block = run("glid_train", {"--help-config", "optim.lr_mult"});
  EXPECT_EQ(block.code, 0);
  EXPECT_THAT(block.output, HasSubstr("optim.lr_mult.encoder"));
  EXPECT_THAT(block.output, Not(HasSubstr("optim.weight_decay")));
  const ProgramResult unknown = run("glid_train", {"--help-config", "optm"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_EQ(unknown.output, "glid_train: --help-config: is no key and no block of keys (got optm); did you mean optim?\n");
  const std::string config = std::string(GLID_SOURCE_DIR) + "/configs/demo_finetune_depth.yaml";
  const ProgramResult own = run("glid_train", {"--config", config, "--set", "optim.lr=0.5", "--help-config", "optim"});
  EXPECT_THAT(own.output, testing::ContainsRegex("optim.lr  .* 0.5 "));
  const ProgramResult task = run("glid_train", {"--config", config, "--help-config", "task"});
  EXPECT_THAT(task.output, HasSubstr("task.bins"));
  EXPECT_THAT(task.output, Not(HasSubstr("task.mask_ratio")));
}

TEST(Training, BadFilesAreReplacedAndNamed) {
  const TemporaryFolder dir;
  const fs::path data = dir.path() / "data";
  ASSERT_EQ(run("glid_data", {"make-demo", "--out", data.string(), "--count", "40", "--size", "32"}).code, 0);
  fs::path broken;
  for (const auto& entry : fs::recursive_directory_iterator(data / "train"))
    if (entry.is_regular_file()) broken = entry.path();
  write_file(broken, "not a picture");
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", with_data("imagenet", data)));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr(broken.filename().string()));
  std::vector<std::string> options = with_data("imagenet", data);
  options.insert(options.end(), {"--set", "data.max_bad_files=0"});
  const ProgramResult strict = run("glid_train", small_training(dir.path() / "run2", options));
  EXPECT_EQ(strict.code, 3) << strict.output;
}

TEST(Training, TwoRanksOfTheLauncherTrain) {
  const TemporaryFolder dir;
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", {"--nproc", "2"}));
  EXPECT_EQ(result.code, 0) << result.output;
  EXPECT_TRUE(fs::exists(dir.path() / "run/checkpoints/step_00000012/state.json"));
}

TEST(Training, EndsWhenUpdatesAreNoLongerFinite) {
  for (const int ranks : {1, 2}) {
    const TemporaryFolder dir;
    const fs::path out = dir.path() / "run";
    const ProgramResult result =
        run("glid_train", small_training(out, {"--nproc", std::to_string(ranks), "--set", "optim.lr=1e30", "--set",
                                               "optim.warmup_steps=0", "--set", "train.max_nonfinite=3"}));
    EXPECT_EQ(result.code, 4) << result.output;
    EXPECT_THAT(result.output, HasSubstr("too many updates in a row were not finite"));
    EXPECT_THAT(result.output, HasSubstr("optim.lr"));
    for (int rank = 0; rank < ranks; ++rank)  // the first update is fine and ruins the weights
      for (const int64_t step : {2, 3, 4}) {
        const fs::path dump = out / "nonfinite" / format("step_{:08}_rank_{}.json", step, rank);
        EXPECT_EQ(Json::parse(read_file(dump), dump.string()).as_array().size(), 8u / static_cast<size_t>(ranks)) << dump;
      }
  }
}

// Of a run's numbers only the last digits depend on the number of ranks, and nothing but rank 0 writes.
TEST(Training, TwoRanksLeaveTheFilesOfOne) {
  const TemporaryFolder dir;
  const auto files_of = [](const fs::path& out) {
    std::set<std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(out)) {
      const std::string name = entry.path().lexically_relative(out).string();
      if (!name.starts_with("events.")) files.insert(name);
    }
    return files;
  };
  const fs::path one = dir.path() / "one", two = dir.path() / "two";
  ASSERT_EQ(run("glid_train", small_training(one)).code, 0);
  ASSERT_EQ(run("glid_train", small_training(two, {"--nproc", "2"})).code, 0);
  EXPECT_EQ(files_of(one), files_of(two));
  const std::vector<Json> expected = lines_of(one / "metrics.jsonl"), got = lines_of(two / "metrics.jsonl");
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].as_object().size(), expected[i].as_object().size()) << i;
    for (const char* key : {"step", "epoch", "lr", "loss", "grad_norm", "query_spread", "val_loss"})
      if (const Json* value = expected[i].find(key)) {
        EXPECT_NEAR(got[i].at(key).as_double(), value->as_double(), 1e-4 * std::abs(value->as_double())) << i << key;
      }
  }
}

// Positions that tell neighbours apart badly, and no learning: all queries answer alike.
TEST(Training, CanEndWhenADiagnosticStaysUnderItsFloor) {
  const TemporaryFolder dir;
  std::vector<std::string> options;
  for (const char* setting : {"model.decoder.norm=post", "model.decoder.positions=sine", "model.decoder.query_pos=attn",
                              "optim.lr=1e-12", "optim.warmup_steps=0", "train.max_lines_under_floor=1"})
    options.insert(options.end(), {"--set", setting});
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", options));
  EXPECT_EQ(result.code, 4) << result.output;
  EXPECT_THAT(result.output, HasSubstr("query_spread was under 0.02 in 1 logged lines in a row"));
}

}  // namespace
}  // namespace glid
