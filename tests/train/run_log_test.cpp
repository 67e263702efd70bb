#include "glid/train/run_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "glid/train/progress.h"
#include "support/run_files.h"
#include "support/temporary_folder.h"

namespace glid {
namespace {

using testing::HasSubstr;

StepMetrics metrics_of(const std::vector<TermValue>& terms) { return {.step = 7, .loss = 2.75, .terms = terms}; }

const std::vector<TermValue> kTwoTerms{{"mask", 1, 0.5}, {"class", 1, 1}, {"mask", 0, 0.25}, {"class", 0, 2}};

TEST(RunLog, WritesEveryTermOfEveryLayer) {
  const TemporaryFolder dir;
  RunLog(dir.path(), 0).training(metrics_of(kTwoTerms));
  const Json line = lines_of(dir.path() / "metrics.jsonl").at(0);
  EXPECT_EQ(line.at("loss").as_double(), 2.75);
  EXPECT_EQ(line.at("loss_mask_layer1").as_double(), 0.5);
  EXPECT_EQ(line.at("loss_class_layer1").as_double(), 1);
  EXPECT_EQ(line.at("loss_mask").as_double(), 0.25);
  EXPECT_EQ(line.at("loss_class").as_double(), 2);
}

TEST(RunLog, GoesOnBehindWhatIsKept) {
  const TemporaryFolder dir;
  const std::filesystem::path metrics = dir.path() / "metrics.jsonl";
  const std::filesystem::path pictures = dir.path() / "pictures";
  write_file(metrics, "{\"step\": 1}\n{\"step\": 2, \"lo\n12\n[1]\n{\"epoch\": 1}\n{\"step\": 3}\n{\"step\": 5}\n{\"st");
  std::filesystem::create_directories(pictures);
  for (const char* name : {"step_00000003.png", "step_00000004.png", "of mine.png"}) write_file(pictures / name, "");
  testing::internal::CaptureStderr();
  const RunLog log(dir.path(), 3);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("metrics.jsonl: 5 damaged lines left out"));
  ASSERT_EQ(lines_of(metrics).size(), 2u);
  EXPECT_EQ(lines_of(metrics)[1].at("step").as_int(), 3);
  EXPECT_TRUE(std::filesystem::exists(pictures / "step_00000003.png"));
  EXPECT_FALSE(std::filesystem::exists(pictures / "step_00000004.png"));
  EXPECT_TRUE(std::filesystem::exists(pictures / "of mine.png"));
}

// What the console says of a step.
std::string said_of(const std::vector<TermValue>& terms) {
  Progress progress(10, 4);
  progress.begin_step(0);
  progress.end_step(0);
  StepMetrics metrics = metrics_of(terms);
  testing::internal::CaptureStderr();
  progress.log(metrics);
  return testing::internal::GetCapturedStderr();
}

TEST(Progress, SumsATermOverLayers) {
  EXPECT_THAT(said_of(kTwoTerms), HasSubstr("loss 2.7500 (mask 0.7500 class 3.0000) lr"));
  EXPECT_THAT(said_of({{"mask", 1, 0.5}, {"mask", 0, 2.25}}), HasSubstr("loss 2.7500 lr"));  // it is the loss
}

}  // namespace
}  // namespace glid
