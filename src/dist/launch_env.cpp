#include "launch_env.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <functional>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <string_view>

#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/dist/launch.h"

namespace glid {
namespace {

constexpr int kLargestInt = std::numeric_limits<int>::max();
constexpr int kLargestPort = 65535;
// Ports that groups without MASTER_PORT meet at: below those that Linux gives to connections by itself, from 32768.
constexpr int kFirstPort = 20000, kNumPorts = 12000;
constexpr const char* kLauncherHint =
    "start the ranks with --nproc, torchrun, srun or mpirun, which say to each which one it is (docs/multi_gpu.md)";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int to_int(const char* name, const std::string& text, int lowest, int highest) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < lowest || value > highest) {
    throw UsageError(name, format("must be a whole number from {} to {}", lowest, highest), "'" + text + "'", kLauncherHint);
  }
  return value;
}

int required_int(const char* name, int lowest, int highest) {
  const std::string text = variable(name);
  if (text.empty()) throw UsageError(name, "is not set, but others of the launcher's variables are", "", kLauncherHint);
  return to_int(name, text, lowest, highest);
}

bool is_any_set(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (!variable(name).empty()) return true;
  return false;
}

// "4(x2),3": four tasks on each of the first two hosts, three on the next.
int slurm_local_size(int size) {
  constexpr const char* kTasks = "SLURM_STEP_TASKS_PER_NODE";
  const int host = required_int("SLURM_NODEID", 0, size - 1);
  std::istringstream list(variable(kTasks));
  int first = 0;
  for (std::string entry; std::getline(list, entry, ',');) {
    const size_t bracket = entry.find("(x");
    const int tasks = to_int(kTasks, entry.substr(0, bracket), 1, size);
    const std::string times = bracket == std::string::npos ? "1" : entry.substr(bracket + 2, entry.find(')') - bracket - 2);
    first += to_int(kTasks, times, 1, size);
    if (host < first) return tasks;
  }
  throw UsageError(kTasks, format("says nothing of host {}", host), "'" + variable(kTasks) + "'", kLauncherHint);
}

// A launcher that says who a process is, but not where the group meets.
struct ClusterLauncher {
  const char *rank, *size, *local_rank;  // variables
  int (*local_size)(int size);
  // What all ranks of a group know, and other groups don't; only those of one host where there is no such thing.
  std::string (*group)();
  bool has_groups_over_hosts = true;
  const char* hosts = nullptr;  // that the group is on; none: nobody says

  bool has_started_this() const {
    return !variable(rank).empty() && !variable(size).empty() && !variable(local_rank).empty();
  }
  bool has_started_a_group() const { return !variable(size).empty() && required_int(size, 1, kLargestInt) > 1; }
};

constexpr ClusterLauncher kOpenMpi{
    .rank = "OMPI_COMM_WORLD_RANK",
    .size = "OMPI_COMM_WORLD_SIZE",
    .local_rank = "OMPI_COMM_WORLD_LOCAL_RANK",
    .local_size = [](int size) { return required_int("OMPI_COMM_WORLD_LOCAL_SIZE", 1, size); },
    .group = [] { return variable("PMIX_NAMESPACE"); },
};
constexpr ClusterLauncher kHydra{
    // of MPICH and Intel MPI; the ranks of a host have one parent
    .rank = "PMI_RANK",
    .size = "PMI_SIZE",
    .local_rank = "MPI_LOCALRANKID",
    .local_size = [](int size) { return required_int("MPI_LOCALNRANKS", 1, size); },
    .group = [] { return std::to_string(::getppid()); },
    .has_groups_over_hosts = false,
};
constexpr ClusterLauncher kSlurm{
    // SLURM_NTASKS is what an allocation was asked for, in its own script too; a step is what srun has started
    .rank = "SLURM_PROCID",
    .size = "SLURM_STEP_NUM_TASKS",
    .local_rank = "SLURM_LOCALID",
    .local_size = slurm_local_size,
    .group = [] { return variable("SLURM_JOB_ID") + "." + variable("SLURM_STEP_ID"); },
    .hosts = "SLURM_STEP_NODELIST",
};

bool is_torchrun() { return is_any_set({"RANK", "WORLD_SIZE", "LOCAL_RANK"}); }

// One of several ranks that doesn't know which would work alone.
[[noreturn]] void refuse_part_of(const ClusterLauncher& launcher) {
  const char* missing = variable(launcher.rank).empty() ? launcher.rank : launcher.local_rank;
  throw UsageError(missing, format("is not set, but {} is {}", launcher.size, variable(launcher.size)), "",
                   format("unset {} if no launcher has started this, else: {}", launcher.size, kLauncherHint));
}

// Who has started this process as one of several. The mpirun of a Slurm job starts its helpers by srun, so Slurm comes last.
const ClusterLauncher* cluster_launcher() {
  for (const ClusterLauncher* launcher : {&kOpenMpi, &kHydra, &kSlurm})
    if (launcher->has_started_this()) return required_int(launcher->size, 1, kLargestInt) > 1 ? launcher : nullptr;
  for (const ClusterLauncher* launcher : {&kOpenMpi, &kHydra, &kSlurm})
    if (launcher->has_started_a_group()) refuse_part_of(*launcher);
  return nullptr;
}

bool read_agent_store() {
  const std::string text = variable(kAgentStore);
  if (text == "True") return true;
  if (text.empty() || text == "False") return false;
  throw UsageError(kAgentStore, "must be True or False", "'" + text + "'");
}

void read_torchrun_store(LaunchEnv& env) {
  env.master_addr = variable("MASTER_ADDR");
  if (env.master_addr.empty()) return;
  env.master_port = required_int("MASTER_PORT", 1, kLargestPort);
  env.agent_store = read_agent_store();
  const std::string restarts = variable(kRestartCount);
  if (!restarts.empty()) env.restart_count = to_int(kRestartCount, restarts, 0, kLargestInt);
}

void read_meeting_place(LaunchEnv& env) {
  env.store_file = variable(kStoreFile);
  read_torchrun_store(env);
  if (!env.store_file.empty() && !env.master_addr.empty()) {
    throw UsageError(kStoreFile, "contradicts MASTER_ADDR: the ranks can meet in one place only", env.store_file,
                     "unset one of the two");
  }
  if (env.size > 1 && !env.has_meeting_place()) {
    throw UsageError("MASTER_ADDR", format("is not set, but WORLD_SIZE is {}", env.size), "", kLauncherHint);
  }
}

// The first of a list as Slurm writes it: "node[007-009,12],other" begins with node007.
std::string first_host(const std::string& hosts) {
  std::string host;
  for (size_t i = 0; i < hosts.size() && hosts[i] != ','; ++i) {
    if (hosts[i] != '[') {
      host += hosts[i];
      continue;
    }
    const size_t end = std::min(hosts.find(']', i), hosts.size());
    host += hosts.substr(i + 1, std::min(hosts.find_first_of(",-", i), end) - i - 1);
    i = end;
  }
  return host;
}

std::string master_of(const ClusterLauncher& launcher, const LaunchEnv& env) {
  if (env.local_size == env.size) return "127.0.0.1";
  const std::string hosts = launcher.hosts != nullptr ? variable(launcher.hosts) : "";
  if (!hosts.empty()) return first_host(hosts);
  throw UsageError(
      "MASTER_ADDR", format("is not set, but only {} of {} ranks are on this host", env.local_size, env.size), "",
      "give all ranks the host of rank 0 and a free port there: MASTER_ADDR and MASTER_PORT (docs/multi_gpu.md)");
}

int port_of(const ClusterLauncher& launcher, const LaunchEnv& env) {
  const bool has_name = launcher.has_groups_over_hosts || env.local_size == env.size;
  if (is_any_set({"MASTER_PORT"}) || !has_name) return required_int("MASTER_PORT", 1, kLargestPort);
  return kFirstPort + static_cast<int>(std::hash<std::string>()(launcher.group()) % kNumPorts);
}

LaunchEnv read_cluster(const ClusterLauncher& launcher) {
  LaunchEnv env;
  env.size = required_int(launcher.size, 1, kLargestInt);
  env.rank = required_int(launcher.rank, 0, env.size - 1);
  env.local_rank = required_int(launcher.local_rank, 0, env.size - 1);
  env.local_size = launcher.local_size(env.size);
  env.master_addr = is_any_set({"MASTER_ADDR"}) ? variable("MASTER_ADDR") : master_of(launcher, env);
  env.master_port = port_of(launcher, env);
  return env;
}

}  // namespace

std::string launched_as() {
  if (is_torchrun()) return "RANK=" + variable("RANK");
  const ClusterLauncher* launcher = cluster_launcher();
  return launcher == nullptr ? "" : format("{}={}", launcher->rank, variable(launcher->rank));
}

LaunchEnv read_launch_env() {
  if (const ClusterLauncher* launcher = is_torchrun() ? nullptr : cluster_launcher()) return read_cluster(*launcher);
  LaunchEnv env;
  if (!is_torchrun()) return env;
  env.size = required_int("WORLD_SIZE", 1, kLargestInt);
  env.rank = required_int("RANK", 0, env.size - 1);
  env.local_rank = required_int("LOCAL_RANK", 0, env.size - 1);
  env.local_size = variable("LOCAL_WORLD_SIZE").empty() ? env.size : required_int("LOCAL_WORLD_SIZE", 1, env.size);
  read_meeting_place(env);
  return env;
}

}  // namespace glid
