#include "glid/dist/launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "glid/core/error.h"

namespace glid {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

using Variables = std::map<std::string, std::string>;

class LaunchEnvTest : public ::testing::Test {
 protected:
  void SetUp() override { clear(); }
  void TearDown() override { clear(); }

  static LaunchEnv read(const Variables& variables) {
    clear();
    for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    return read_launch_env();
  }

 private:
  static void clear() {
    for (const char* name : {"RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "GLID_STORE_FILE",
                             "TORCHELASTIC_USE_AGENT_STORE", "TORCHELASTIC_RESTART_COUNT"}) {
      ::unsetenv(name);
    }
  }
};

Variables torchrun() {
  return {{"RANK", "5"}, {"LOCAL_RANK", "1"}, {"WORLD_SIZE", "8"}, {"MASTER_ADDR", "node0"}, {"MASTER_PORT", "29400"}};
}

Variables with(Variables variables, const std::string& name, const std::string& value) {
  variables[name] = value;
  return variables;
}

Variables without(Variables variables, const std::string& name) {
  variables.erase(name);
  return variables;
}

TEST_F(LaunchEnvTest, WithoutALauncherIsAlone) {
  const LaunchEnv env = read({{"MASTER_ADDR", "left over in somebody's profile"}});
  EXPECT_EQ(env.rank, 0);
  EXPECT_EQ(env.size, 1);
  EXPECT_FALSE(env.has_meeting_place());
}

TEST_F(LaunchEnvTest, ReadsTorchrun) {
  Variables variables = with(torchrun(), "TORCHELASTIC_USE_AGENT_STORE", "True");
  const LaunchEnv env = read(with(variables, "TORCHELASTIC_RESTART_COUNT", "2"));
  EXPECT_EQ(env.rank, 5);
  EXPECT_EQ(env.local_rank, 1);
  EXPECT_EQ(env.size, 8);
  EXPECT_EQ(env.master_addr, "node0");
  EXPECT_EQ(env.master_port, 29400);
  EXPECT_TRUE(env.agent_store);
  EXPECT_EQ(env.restart_count, 2);
  EXPECT_TRUE(env.has_meeting_place());
}

TEST_F(LaunchEnvTest, ReadsOurLauncher) {
  const LaunchEnv env = read({{"RANK", "0"}, {"LOCAL_RANK", "0"}, {"WORLD_SIZE", "1"}, {"GLID_STORE_FILE", "/tmp/store"}});
  EXPECT_EQ(env.store_file, "/tmp/store");
  EXPECT_TRUE(env.has_meeting_place());
}

TEST_F(LaunchEnvTest, NamesTheVariableThatIsMissingOrBad) {
  const std::vector<std::pair<Variables, std::string>> cases = {
      {without(torchrun(), "RANK"), "RANK: is not set"},
      {without(torchrun(), "WORLD_SIZE"), "WORLD_SIZE: is not set"},
      {without(torchrun(), "LOCAL_RANK"), "LOCAL_RANK: is not set"},
      {without(torchrun(), "MASTER_ADDR"), "MASTER_ADDR: is not set, but WORLD_SIZE is 8"},
      {without(torchrun(), "MASTER_PORT"), "MASTER_PORT: is not set"},
      {with(torchrun(), "RANK", "8"), "RANK: must be a whole number from 0 to 7 (got '8')"},
      {with(torchrun(), "RANK", "-1"), "RANK: must be a whole number"},
      {with(torchrun(), "RANK", "1x"), "RANK: must be a whole number"},
      {with(torchrun(), "LOCAL_RANK", "9"), "LOCAL_RANK: must be"},
      {with(torchrun(), "WORLD_SIZE", "0"), "WORLD_SIZE: must be"},
      {with(torchrun(), "WORLD_SIZE", "99999999999"), "WORLD_SIZE: must be"},
      {with(torchrun(), "MASTER_PORT", "65536"), "MASTER_PORT: must be a whole number from 1 to 65535"},
      {with(torchrun(), "TORCHELASTIC_USE_AGENT_STORE", "1"), "TORCHELASTIC_USE_AGENT_STORE: must be True or False"},
      {with(torchrun(), "TORCHELASTIC_RESTART_COUNT", "one"), "TORCHELASTIC_RESTART_COUNT: must be"},
      {with(torchrun(), "GLID_STORE_FILE", "/tmp/store"), "GLID_STORE_FILE: contradicts MASTER_ADDR"},
  };
  for (const auto& [variables, message] : cases) {
    EXPECT_THAT([&] { read(variables); }, ThrowsMessage<UsageError>(StartsWith(message)));
  }
}

TEST_F(LaunchEnvTest, LauncherRefusesBadCountsAndNesting) {
  EXPECT_THAT([] { launch_local(0, {}); }, ThrowsMessage<UsageError>(HasSubstr("at least 1 (got 0)")));
  ::setenv("RANK", "0", 1);
  EXPECT_THAT([] { launch_local(2, {}); }, ThrowsMessage<UsageError>(HasSubstr("itself started by a launcher")));
}

}  // namespace
}  // namespace glid
