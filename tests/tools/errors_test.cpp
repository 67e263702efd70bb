// Mistakes of users: one clear line, the right exit code, nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "support/program.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

struct Mistake {
  const char* name;
  std::vector<std::string> options;
  int code;
  const char* says;
};

std::ostream& operator<<(std::ostream& out, const Mistake& mistake) { return out << mistake.name; }

class Mistakes : public testing::TestWithParam<Mistake> {};

TEST_P(Mistakes, EndWithOneLineAndLeaveNothing) {
  const TemporaryFolder dir;
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", GetParam().options));
  EXPECT_EQ(result.code, GetParam().code) << result.output;
  EXPECT_THAT(result.output, HasSubstr(GetParam().says));
  EXPECT_EQ(std::count(result.output.begin(), result.output.end(), '\n'), 1) << result.output;
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
}

INSTANTIATE_TEST_SUITE_P(
    Train, Mistakes,
    testing::Values(Mistake{"unknown_key", {"--set", "optim.leraning_rate=1"}, 2, "optim.leraning_rate"},
                    Mistake{"mask_ratio_of_one", {"--set", "task.mask_ratio=1.0"}, 2, "task.mask_ratio"},
                    Mistake{"indivisible_size", {"--set", "data.image_size=30"}, 2, "data.image_size"},
                    Mistake{"bad_override", {"--set", "nonsense"}, 2, "nonsense"},
                    Mistake{"metric_of_another_task",
                            {"--set", "eval.metric=box"},
                            2,
                            "eval.metric must be loss for task.name: masked_image"},
                    Mistake{"missing_data", with_data("imagenet", "/nonexistent"), 3, "/nonexistent"},
                    Mistake{"key_of_other_data", {"--set", "data.depth_scale=1"}, 2, "it belongs to data.name: nyu_depth"},
                    Mistake{"indivisible_batch", {"--set", "train.accumulate=3"}, 2, "batch"},
                    Mistake{"batch_too_large", {"--set", "train.batch_size=1000"}, 3, "1000"},
                    Mistake{
                        "missing_weights", {"--set", "init.from=/nonexistent.safetensors"}, 3, "/nonexistent.safetensors"},
                    Mistake{"missing_checkpoint", {"--resume", "/nonexistent"}, 3, "/nonexistent"}),
    [](const auto& info) { return info.param.name; });

TEST(Mistakes, RanksOfDifferentSettingsAreRefusedByBoth) {
  const TemporaryFolder dir;
  const auto start = [&](int rank, const std::string& seed) {
    return start_rank_of_two(rank, dir.path() / "store", "glid_train",
                             small_training(dir.path() / "run", {"--set", "seed=" + seed}));
  };
  Program first = start(0, "3"), second = start(1, "5");
  for (Program* program : {&first, &second}) {
    const ProgramResult result = program->wait();
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_EQ(result.output,
              "glid_train: configuration: is not the same on all ranks (got rank 0: seed: 3, rank 1: seed: 5)\n");
  }
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "run"));
}

TEST(Mistakes, AFolderWithoutImagesIsNamed) {
  const TemporaryFolder dir;
  write_file(dir.path() / "notes.txt", "no picture");
  const ProgramResult result = run("glid_train", small_training(dir.path() / "run", with_data("folder", dir.path())));
  EXPECT_EQ(result.code, 3) << result.output;
  EXPECT_THAT(result.output, HasSubstr(dir.path().string()));
}

TEST(Mistakes, CommandLinesEndWith2) {
  EXPECT_EQ(run("glid_train", {}).code, 2);
  EXPECT_EQ(run("glid_train", {"--nonsense"}).code, 2);
  EXPECT_EQ(run("glid_train", {"--config", "/nonexistent.yaml"}).code, 2);
  EXPECT_EQ(run("glid_features", {"--model", "swinx"}).code, 2);
  EXPECT_EQ(run("glid_data", {}).code, 2);
  EXPECT_EQ(run("glid_train", {"--help"}).code, 0);
}

}  // namespace
}  // namespace glid
