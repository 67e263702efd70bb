// What every program says of itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"

namespace glid {
namespace {

using testing::HasSubstr;

class Words : public testing::TestWithParam<const char*> {};

TEST_P(Words, HaveAVersionAnEnvironmentAndAnExample) {
  const std::string program = GetParam();
  const ProgramResult version = run(program, {"--version"}), env = run(program, {"--env"}), help = run(program, {"--help"});
  EXPECT_EQ(version.code, 0);
  EXPECT_THAT(version.output, testing::MatchesRegex(program + " [0-9]+[.][0-9]+[.][0-9]+ \\(commit [0-9a-z]+(-dirty)?\\)\n"));
  EXPECT_EQ(env.code, 0);
  for (const char* fact : {"glid: ", "build: ", "system: ", "processor: ", "GPUs: ", "memory: ", "OpenCV: "})
    EXPECT_THAT(env.output, HasSubstr(fact));
  const bool has_torch =
      program != "glid_eval" && program != "glid_data" && program != "glid_report";  // which start without it
  EXPECT_EQ(env.output.find("LibTorch: ") != std::string::npos, has_torch);
  EXPECT_THAT(help.output, HasSubstr("Example:\n  " + program));
}

TEST(CommandWords, HaveAnExampleOfTheirOwn) {
  for (const std::string command : {"check", "show", "make-demo", "codebook", "shard", "index"})
    EXPECT_THAT(run("glid_data", {command, "--help"}).output, HasSubstr("Example:\n  glid_data " + command + " --"));
}

INSTANTIATE_TEST_SUITE_P(Programs, Words,
                         testing::Values("glid_train", "glid_eval", "glid_data", "glid_features", "glid_predict",
                                         "glid_probe", "glid_convert", "glid_gpu_check", "glid_report"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace glid
