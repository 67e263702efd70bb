// Mistakes of users: one clear line, the right exit code, nothing left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "glid/core/format.h"
#include "glid/formats/image_file.h"
#include "glid/formats/label_map.h"
#include "glid/formats/safetensors.h"
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
  EXPECT_EQ(result.num_lines(), 1) << result.output;
  EXPECT_FALSE(fs::exists(dir.path() / "run"));
}

INSTANTIATE_TEST_SUITE_P(
    Train, Mistakes,
    testing::Values(Mistake{"unknown_key", {"--set", "optim.leraning_rate=1"}, 2, "optim.leraning_rate"},
                    Mistake{"mask_ratio_of_one", {"--set", "task.mask_ratio=1.0"}, 2, "task.mask_ratio"},
                    Mistake{"indivisible_size", {"--set", "data.image_size=30"}, 2, "data.image_size"},
                    Mistake{"impossible_size",
                            {"--set", "data.image_size=100000"},
                            2,
                            "data.image_size must be an int in [1, 4096] (got 100000)"},
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
                    Mistake{"depth_of_an_empty_frame",
                            {"--set", "task={name: depth, frame: [0, 4, 0, 24]}"},
                            2,
                            "task.frame must have a height and a width"},
                    Mistake{"depth_of_a_crop_beyond_its_frame",
                            {"--set", "task={name: depth, frame: [0, 4, 16, 24], crop: [16, 32]}"},
                            2,
                            "task.crop must fit into the frame"},
                    Mistake{"joints_without_sigmas",
                            {"--set", "task={name: pose}", "--set", "data.kind=figures", "--set", "eval.metric=keypoint"},
                            2,
                            "eval.sigmas: must be as many as the data's joints (got 17 for 13 joints)"},
                    Mistake{"missing_checkpoint", {"--resume", "/nonexistent"}, 3, "/nonexistent"}),
    [](const auto& info) { return info.param.name; });

// Not once by every rank.
TEST(Mistakes, OfAConfigurationAreToldBeforeRanksStart) {
  const TemporaryFolder dir;
  const ProgramResult refused =
      run("glid_train", small_training(dir.path() / "run", {"--nproc", "2", "--set", "train.bucket_mib=0"}));
  EXPECT_EQ(refused.code, 2) << refused.output;
  EXPECT_EQ(refused.num_lines(), 1) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("train.bucket_mib"));
  const ProgramResult alone = run("glid_train", small_training(dir.path() / "run", {"--print-config"})),
                      printed = run("glid_train", small_training(dir.path() / "run", {"--nproc", "2", "--print-config"}));
  EXPECT_EQ(printed.output, alone.output);
}

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
    EXPECT_EQ(result.beside_arithmetic(),
              "glid_train: configuration: is not the same on all ranks (got rank 0: seed: 3, rank 1: seed: 5)\n");
  }
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "run"));
}

// Weights of another size, as a file that holds nothing else.
TEST(Mistakes, WeightsOfAnotherSizeAreNamedWithWhatToLookAt) {
  struct Case {
    const char *part, *tensor, *says;
    std::vector<int64_t> shape;
  };
  const std::vector<Case> cases{
      {"encoder", "encoder.patch_embed.proj.weight", "no encoder in names that are known", {128, 3, 4, 4}},
      {"queries", "decoder.query_embed", "as many queries as it did there, or init.parts leaves queries out", {300, 32}},
      {"heads", "heads.lengths.weight", "of another task or of other classes: init.parts leaves heads out", {7, 32}},
      {"bifpn", "bifpn.cells.0.bottom_up0.pointwise.weight", "is model.bifpn as it was there?", {4, 4}}};
  for (const Case& c : cases) {
    const TemporaryFolder dir;
    const fs::path file = dir.path() / "weights.safetensors";
    int64_t count = 1;
    for (const int64_t length : c.shape) count *= length;
    const std::vector<float> values(static_cast<size_t>(count));
    write_safetensors(
        file, {{c.tensor, {"F32", c.shape, reinterpret_cast<const std::byte*>(values.data()), 4 * values.size()}}}, {});
    const ProgramResult result =
        run("glid_train",
            small_training(dir.path() / "run", {"--set", "task={name: depth, bins: 8}", "--set",
                                                "init.from=" + file.string(), "--set", format("init.parts=[{}]", c.part)}));
    EXPECT_EQ(result.code, 2) << result.output;
    EXPECT_THAT(result.output, HasSubstr(c.says));
    EXPECT_THAT(result.output, HasSubstr(c.tensor));
    EXPECT_EQ(result.num_lines(), 1) << result.output;
  }
}

// A crop that no picture has is a setting's mistake, not that of every file.
TEST(Mistakes, ACropBeyondThePicturesIsNoBadFile) {
  const TemporaryFolder dir;
  const ProgramResult result =
      run("glid_train", small_training(dir.path() / "run", {"--set", "task={name: depth, crop: [40, 24]}"}));
  EXPECT_EQ(result.code, 2) << result.output;
  EXPECT_THAT(result.output, HasSubstr("task.crop: reaches out of the picture (got 40 x 24); which has 32 x 32"));
  EXPECT_THAT(result.output, testing::Not(HasSubstr("bad file")));
}

// Masks of 16 bits with other numbers than classes have; objects where there are none.
TEST(Mistakes, OfLabelsAreNamed) {
  const TemporaryFolder dir;
  const fs::path data = dir.path() / "data";
  for (const char* split : {"train", "val"})
    for (int i = 0; i < 12; ++i) {
      const std::string name = std::to_string(i);
      for (const char* kind : {"images", "labels"}) fs::create_directories(data / kind / split);
      write_file(data / "images" / split / (name + ".jpg"), encode_jpeg(Image::filled(32, 32, 90), 90));
      write_label_png(data / "labels" / split / (name + ".png"), {32, 32, std::vector<uint16_t>(32 * 32, 257)});
    }
  const auto train = [&](const std::string& task) {
    return run("glid_train", small_training(dir.path() / task, {"--set", "task={name: " + task + "}", "--set",
                                                                "data={name: pairs, root: " + data.string() +
                                                                    ", num_classes: 2, image_size: 24}"}));
  };
  const ProgramResult wide = train("semantic");
  EXPECT_EQ(wide.code, 3) << wide.output;
  EXPECT_THAT(wide.output, HasSubstr("has a label out of range (got 257); are its 16 bits meant? See data.num_classes"));
  const ProgramResult boxes = train("detection");
  EXPECT_EQ(boxes.code, 2) << boxes.output;
  EXPECT_EQ(boxes.beside_arithmetic(),
            "glid_train: task.name: needs boxes, of whose classes the data names none (got detection); data.name: coco, "
            "voc or scenes have them\n");
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

// As a shell gives them for variables that aren't set.
TEST(Mistakes, EmptyWordsAreNoDefaults) {
  const std::vector<std::string> predict = {"--checkpoint", "run", "--input", "photos", "--out", "out"};
  for (const char* option : {"--which", "--attention", "--format"}) {
    std::vector<std::string> arguments = predict;
    arguments.insert(arguments.end(), {option, ""});
    const ProgramResult result = run("glid_predict", arguments);
    EXPECT_EQ(result.code, 2) << option;
    EXPECT_THAT(result.output, HasSubstr(std::string(option) + ": must not be empty"));
  }
  EXPECT_THAT(run("glid_data", {"check", "--dataset", "coco", "--split", ""}).output,
              HasSubstr("--split: must not be empty"));
}

}  // namespace
}  // namespace glid
