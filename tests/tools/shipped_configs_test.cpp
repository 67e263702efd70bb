// Configurations that come with the programs are found from any folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/program.h"

namespace glid {
namespace {

using testing::HasSubstr;

// The tests run in a folder without `configs`.
TEST(ShippedConfigs, AreFoundByTheirNames) {
  ASSERT_FALSE(std::filesystem::exists("configs"));
  const ProgramResult found = run("glid_train", {"--config", "configs/demo_pretrain.yaml", "--print-config"});
  EXPECT_EQ(found.code, 0) << found.output;
  EXPECT_THAT(found.output, HasSubstr("configs/demo_pretrain.yaml:"));  // where its values come from
  const ProgramResult absent = run("glid_train", {"--config", "configs/none.yaml", "--print-config"});
  EXPECT_EQ(absent.code, 2);
  EXPECT_EQ(absent.output, "glid_train: the configuration file does not exist (got configs/none.yaml)\n");
}

TEST(ShippedConfigs, AreIncludedByOnesOfTheUsers) {
  const TemporaryFolder dir;
  const std::filesystem::path mine = dir.path() / "mine.yaml";
  write_file(mine,
             "model: {include: models/swint.yaml}\ntask: {name: masked_image}\ndata: {name: scenes}\n"
             "train: {steps: 1}\n");
  const ProgramResult shipped = run("glid_train", {"--config", mine.string(), "--print-config"});
  EXPECT_EQ(shipped.code, 0) << shipped.output;
  EXPECT_THAT(shipped.output, HasSubstr("name: swint"));
  std::filesystem::create_directories(dir.path() / "models");
  write_file(dir.path() / "models/swint.yaml", "encoder: {name: tiny}\n");  // the user's own comes first
  EXPECT_THAT(run("glid_train", {"--config", mine.string(), "--print-config"}).output, HasSubstr("name: tiny"));
}

}  // namespace
}  // namespace glid
