// From images to codes to a model that names them, as a user does it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "glid/formats/image_file.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class CodebookProgram : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult made = run("glid_data", {"make-demo", "--out", data().string(), "--count", "60", "--size", "48"});
    ASSERT_EQ(made.code, 0) << made.output;
  }
  ProgramResult codebook(std::vector<std::string> options) const {
    options.insert(options.begin(), {"codebook", "--data", data().string(), "--out", file().string(), "--image-size", "24"});
    return run("glid_data", options);
  }
  ProgramResult train(const std::string& task) const {
    return run("glid_train", small_training(dir_.path() / "run", {"--set", "task=" + task}));
  }
  std::string task_with(const std::string& keys) const {
    return "{name: beit, codebook: " + file().string() + ", " + keys + "}";
  }
  fs::path data() const { return dir_.path() / "scenes"; }
  fs::path file() const { return dir_.path() / "new/codes.safetensors"; }

  TemporaryFolder dir_;
};

TEST_F(CodebookProgram, MakesWhatBeitLearnsToName) {
  const ProgramResult made = codebook({"--size", "16", "--patch", "8"});
  ASSERT_EQ(made.code, 0) << made.output;
  EXPECT_THAT(made.output, HasSubstr("16 codes of 8 px, k-means of patches of"));
  EXPECT_THAT(made.output, HasSubstr("(a stand-in for BEiT's dVAE)"));
  const ProgramResult trained = train(task_with("masked: 4, smallest_block: 2"));
  ASSERT_EQ(trained.code, 0) << trained.output;
  int64_t validations = 0, references = 0;
  for (const Json& line : lines_of(dir_.path() / "run/metrics.jsonl")) {
    validations += line.find("val_loss") != nullptr;
    if (line.find("loss")) EXPECT_TRUE(line.find("code_accuracy")) << line.dump();
    const Json* const blind = line.find("without_learning");
    if (!blind) continue;
    ++references;
    EXPECT_NEAR(blind->at("equal codes").as_double(), std::log(16), 1e-6);
    EXPECT_GT(blind->at("code frequencies").as_double(), 0);
  }
  EXPECT_EQ(validations, 2);
  EXPECT_EQ(references, 1);
  EXPECT_GT(read_image(dir_.path() / "run/pictures/step_00000012.png").width, 5 * 24);
}

TEST_F(CodebookProgram, AndItsUsersRefuseInALine) {
  const ProgramResult many = codebook({"--size", "1000", "--patch", "8"});
  EXPECT_EQ(many.code, 2);
  EXPECT_EQ(many.num_lines(), 1);
  EXPECT_THAT(many.output, HasSubstr("--size: must be at most the number of patches (got 1000)"));
  EXPECT_EQ(run("glid_data", {"codebook", "--data", "/nowhere", "--out", file().string()}).code, 3);
  EXPECT_FALSE(fs::exists(file().parent_path()));

  const ProgramResult absent = train(task_with("masked: 4, smallest_block: 2"));
  EXPECT_EQ(absent.code, 3);
  EXPECT_THAT(absent.output, HasSubstr("codes.safetensors: is not there; glid_data codebook"));
  ASSERT_EQ(codebook({"--size", "16", "--patch", "4"}).code, 0);
  const ProgramResult other = train(task_with("masked: 4, smallest_block: 2"));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.output, HasSubstr("task.codebook: has codes of 4 px, but units of the encoder have 8 px"));
  EXPECT_THAT(train(task_with("masked: 9, smallest_block: 2")).output,
              HasSubstr("task.masked must be less than the 3x3 units of a picture (got 9)"));
  EXPECT_THAT(train(task_with("masked: 4, smallest_block: 5")).output,
              HasSubstr("task.smallest_block must be at most masked"));
  EXPECT_THAT(train("{name: beit, masked: 4, smallest_block: 2}").output, HasSubstr("task.codebook"));
}

}  // namespace
}  // namespace glid
