#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/core/files.h"
#include "glid/core/json.h"
#include "support/program.h"
#include "support/run_files.h"

namespace glid {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// A run and a folder of classes.
class ProbeProgram : public testing::Test {
 protected:
  void SetUp() override {
    const ProgramResult trained = run("glid_train", small_training(dir_.path() / "run", {"--set", "train.steps=1"}));
    ASSERT_EQ(trained.code, 0) << trained.output;
    const ProgramResult made = run("glid_data", {"make-demo", "--out", data().string(), "--count", "60", "--size", "32"});
    ASSERT_EQ(made.code, 0) << made.output;
  }
  ProgramResult probe(std::vector<std::string> options) const {
    options.insert(options.end(), {"--checkpoint", (dir_.path() / "run").string(), "--data", data().string()});
    return run("glid_probe", options);
  }
  Json numbers() const { return Json::parse(read_file(json()), json().string()); }
  fs::path data() const { return dir_.path() / "data"; }
  fs::path json() const { return dir_.path() / "new/probe.json"; }

  TemporaryFolder dir_;
};

TEST_F(ProbeProgram, TellsNumbersBesideTheirBaselines) {
  const ProgramResult result = probe({"--linear", "--json", json().string()});
  ASSERT_EQ(result.code, 0) << result.output;
  for (const char* text : {"6 classes, 60 images to learn from, 6 to ask; 256 numbers an image", "random weights",
                           "most frequent class", "kNN top-1", "linear top-5", "transform eval, stage4, pool mean"})
    EXPECT_THAT(result.output, HasSubstr(text));
  const Json found = numbers();
  EXPECT_EQ(found.at("image_size").as_int(), 24);
  EXPECT_EQ(found.at("probe").at("neighbours").as_int(), 20);
  EXPECT_LE(found.at("probe").at("model").at("knn").at("top1").as_double(), 1);
  EXPECT_TRUE(found.at("probe").at("model").find("linear"));
  EXPECT_TRUE(found.at("probe").find("random_weights"));
}

TEST_F(ProbeProgram, NeitherThreadsNorBatchesChangeTheNumbers) {
  const auto with = [&](const std::string& threads, const std::string& batch) {
    const ProgramResult result = probe({"--threads", threads, "--batch", batch, "--linear", "--json", json().string()});
    EXPECT_EQ(result.code, 0) << result.output;
    return numbers().at("probe").dump();
  };
  const std::string one = with("1", "1");
  EXPECT_EQ(one, with("2", "16"));
}

TEST_F(ProbeProgram, TheDecodersAnswerCanBeAsked) {
  const ProgramResult result = probe({"--pool", "cls", "--no-random", "--json", json().string()});
  ASSERT_EQ(result.code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("32 numbers an image"));
  EXPECT_FALSE(numbers().at("probe").find("random_weights"));
}

TEST_F(ProbeProgram, RefusesInALine) {
  EXPECT_THAT(probe({"--pool", "none"}).output, HasSubstr("--pool: must give one vector an image (got none); mean or cls"));
  EXPECT_EQ(probe({"--pool", "none"}).code, 2);
  const ProgramResult many = probe({"--knn", "61"});
  EXPECT_EQ(many.code, 2);
  EXPECT_THAT(many.output, HasSubstr("--knn: asks more neighbours than there are training images (got 61)"));
  EXPECT_EQ(probe({"--size", "30"}).code, 2);
  EXPECT_EQ(run("glid_probe", {"--checkpoint", (dir_.path() / "run").string(), "--data", dir_.path().string()}).code, 3);
}

}  // namespace
}  // namespace glid
