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
    const std::vector<std::string> names = launcher_variables();
    for (const std::string& name : names) ::unsetenv(name.c_str());
  }

  static std::vector<std::string> launcher_variables() {
    std::vector<std::string> names;
    for (char** entry = environ; *entry; ++entry) {
      const std::string text = *entry;
      for (const char* begin : {"RANK=", "LOCAL_", "WORLD_", "MASTER_", "GLID_STORE", "TORCHELASTIC_", "OMPI_COMM_", "PMI",
                                "MPI_LOCAL", "SLURM_"})
        if (text.starts_with(begin)) names.push_back(text.substr(0, text.find('=')));
    }
    return names;
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

void expect_place(const LaunchEnv& env, int rank, int size, int local_rank, int local_size) {
  EXPECT_EQ(env.rank, rank);
  EXPECT_EQ(env.size, size);
  EXPECT_EQ(env.local_rank, local_rank);
  EXPECT_EQ(env.local_size, local_size);
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

Variables open_mpi() {
  return {{"OMPI_COMM_WORLD_RANK", "2"},
          {"OMPI_COMM_WORLD_SIZE", "4"},
          {"OMPI_COMM_WORLD_LOCAL_RANK", "2"},
          {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"},
          {"PMIX_NAMESPACE", "1627389953"}};
}

Variables mpich() { return {{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MPI_LOCALRANKID", "1"}, {"MPI_LOCALNRANKS", "2"}}; }

// Rank 4 of 7 on three hosts, the second on the second of them.
Variables slurm() {
  return {{"SLURM_PROCID", "4"},
          {"SLURM_STEP_NUM_TASKS", "7"},
          {"SLURM_LOCALID", "1"},
          {"SLURM_NODEID", "1"},
          {"SLURM_STEP_TASKS_PER_NODE", "3,2(x2)"},
          {"SLURM_STEP_NODELIST", "gpu[07-09]"},
          {"SLURM_JOB_ID", "4711"},
          {"SLURM_STEP_ID", "0"}};
}

TEST_F(LaunchEnvTest, ReadsOpenMpi) {
  const LaunchEnv env = read(open_mpi());
  expect_place(env, 2, 4, 2, 4);
  EXPECT_EQ(env.master_addr, "127.0.0.1");
  EXPECT_GE(env.master_port, 20000);
  EXPECT_LT(env.master_port, 32000);
  EXPECT_EQ(read(with(open_mpi(), "OMPI_COMM_WORLD_RANK", "0")).master_port, env.master_port);
  EXPECT_NE(read(with(open_mpi(), "PMIX_NAMESPACE", "1627389954")).master_port, env.master_port);
}

TEST_F(LaunchEnvTest, ReadsMpich) {
  const LaunchEnv env = read(mpich());
  expect_place(env, 1, 2, 1, 2);
  EXPECT_TRUE(env.has_meeting_place());
}

// Of a group whose size is told; srun --mpi=pmi2 tells a part of MPICH's beside all of Slurm's.
TEST_F(LaunchEnvTest, ARankThatIsToldOnlyInPartIsRefused) {
  const std::vector<std::pair<Variables, std::string>> parts{
      {{{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, "MPI_LOCALRANKID: is not set"},
      {without(open_mpi(), "OMPI_COMM_WORLD_RANK"), "OMPI_COMM_WORLD_RANK: is not set"},
      {without(slurm(), "SLURM_LOCALID"), "SLURM_LOCALID: is not set"}};
  for (const auto& [variables, message] : parts) {
    EXPECT_THAT([&] { read(variables); }, ThrowsMessage<UsageError>(StartsWith(message)));
  }
  EXPECT_EQ(read({{"PMI_RANK", "0"}, {"PMI_SIZE", "1"}}).size, 1);
  EXPECT_EQ(read(with(with(slurm(), "PMI_RANK", "4"), "PMI_SIZE", "7")).size, 7);
}

TEST_F(LaunchEnvTest, ReadsAStepOfSlurm) {
  const LaunchEnv env = read(slurm());
  expect_place(env, 4, 7, 1, 2);
  EXPECT_EQ(env.master_addr, "gpu07");
  EXPECT_EQ(read(with(slurm(), "SLURM_NODEID", "0")).local_size, 3);
  EXPECT_NE(read(with(slurm(), "SLURM_STEP_ID", "1")).master_port, env.master_port);
}

TEST_F(LaunchEnvTest, MeetsWhereItIsTold) {
  const LaunchEnv env = read(with(with(slurm(), "MASTER_ADDR", "gpu08"), "MASTER_PORT", "29500"));
  EXPECT_EQ(env.master_addr, "gpu08");
  EXPECT_EQ(env.master_port, 29500);
}

// The script of a job and one task of several steps are alone; who starts a rank itself is right.
TEST_F(LaunchEnvTest, TellsALauncherFromItsAllocation) {
  EXPECT_EQ(read({{"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}, {"SLURM_NTASKS", "8"}}).size, 1);
  EXPECT_EQ(read(with(with(slurm(), "SLURM_STEP_NUM_TASKS", "1"), "SLURM_PROCID", "0")).size, 1);
  Variables both = slurm();
  both.merge(torchrun());
  EXPECT_EQ(read(both).size, 8);
  Variables mpirun_in_a_job = slurm();
  mpirun_in_a_job.merge(open_mpi());
  EXPECT_EQ(read(mpirun_in_a_job).size, 4);
}

TEST_F(LaunchEnvTest, NamesWhatAClusterLeavesOut) {
  const std::vector<std::pair<Variables, std::string>> cases = {
      {with(open_mpi(), "OMPI_COMM_WORLD_LOCAL_SIZE", "2"),
       "MASTER_ADDR: is not set, but only 2 of 4 ranks are on this host"},
      {with(mpich(), "MPI_LOCALNRANKS", "1"), "MASTER_ADDR: is not set, but only 1 of 2 ranks"},
      {with(with(mpich(), "MPI_LOCALNRANKS", "1"), "MASTER_ADDR", "node0"), "MASTER_PORT: is not set"},
      {with(open_mpi(), "OMPI_COMM_WORLD_RANK", "4"), "OMPI_COMM_WORLD_RANK: must be a whole number from 0 to 3"},
      {with(slurm(), "SLURM_STEP_TASKS_PER_NODE", "3"), "SLURM_STEP_TASKS_PER_NODE: says nothing of host 1"},
      {with(slurm(), "SLURM_STEP_TASKS_PER_NODE", "x"), "SLURM_STEP_TASKS_PER_NODE: must be a whole number"},
      {with(slurm(), "MASTER_PORT", "0"), "MASTER_PORT: must be"},
  };
  for (const auto& [variables, message] : cases) {
    EXPECT_THAT([&] { read(variables); }, ThrowsMessage<UsageError>(StartsWith(message)));
  }
}

TEST_F(LaunchEnvTest, MeetsOnTheFirstHostOfAStep) {
  const auto first_host = [](const std::string& hosts) {
    return read(with(slurm(), "SLURM_STEP_NODELIST", hosts)).master_addr;
  };
  EXPECT_EQ(first_host("node1"), "node1");
  EXPECT_EQ(first_host("node1,node2"), "node1");
  EXPECT_EQ(first_host("node[007-009,12],other"), "node007");
  EXPECT_EQ(first_host("rack[2,4]-node[01-03].site"), "rack2-node01.site");
  EXPECT_EQ(first_host("node[7"), "node7");
}

TEST_F(LaunchEnvTest, LauncherRefusesBadCountsAndNesting) {
  EXPECT_THAT([] { launch_local(0, {}); }, ThrowsMessage<UsageError>(HasSubstr("at least 1 (got 0)")));
  ::setenv("RANK", "0", 1);
  EXPECT_THAT([] { launch_local(2, {}); }, ThrowsMessage<UsageError>(HasSubstr("itself started by a launcher")));
}

}  // namespace
}  // namespace glid
