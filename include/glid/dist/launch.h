// Who this process is in a group: read from the variables of torchrun, srun, mpirun, or of our own launcher, which
// starts the processes of one host.
#pragma once

#include <string>
#include <vector>

namespace glid {

// A process's place in its group and where the group meets. Without a launcher: rank 0 of 1 and no meeting place.
struct LaunchEnv {
  int rank = 0;
  int size = 1;
  int local_rank = 0;  // rank on this host: the index of its GPU
  int local_size = 1;  // ranks on this host

  std::string store_file;   // our launcher: the file through which the ranks of this host find each other
  std::string master_addr;  // the others: host and port of the TCP store
  int master_port = 0;
  bool agent_store = false;  // torchrun already serves that store: rank 0 is a client too
  int restart_count = 0;     // torchrun's attempt; every attempt has its own keys in the agent's store

  bool has_meeting_place() const { return !store_file.empty() || !master_addr.empty(); }
};

// Reads RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE (where it is missing, all ranks) and MASTER_ADDR, MASTER_PORT,
// TORCHELASTIC_USE_AGENT_STORE, TORCHELASTIC_RESTART_COUNT (https://pytorch.org/docs/stable/elastic/run.html) or
// GLID_STORE_FILE (launch_local). Without these, what mpirun or srun says to a process that is one of several:
// OMPI_COMM_WORLD_* (https://docs.open-mpi.org, "Environment variables set by mpirun"), PMI_RANK and MPI_LOCALRANKID (MPICH,
// Intel MPI), or SLURM_PROCID in a step of SLURM_STEP_NUM_TASKS (https://slurm.schedmd.com/srun.html). Such groups meet at
// MASTER_ADDR and MASTER_PORT where they are set, else on their one host or the first of the step, at a port made of the
// job's name. Throws UsageError for a value that is missing, malformed or contradicts another.
LaunchEnv read_launch_env();

// Starts this program `num_processes` times on this host with the given arguments (without the program's name) as
// ranks 0 .. num_processes - 1, and waits for all. SIGINT, SIGTERM, SIGHUP and SIGUSR1 are passed on to every rank, each
// time that they come, unless they are ignored.
// The first rank that fails by a cause of its own is named on stderr. The others lose it and say so themselves
// (LostPeerError); those that still run after `grace_s` seconds get SIGKILL. When ranks only lost peers, those still
// running are named.
// Returns that rank's exit code (128 + signal if a signal ended it), else 5 if any rank lost a peer, else 75 if any rank
// was interrupted after a checkpoint, else 0. The ranks die with the launcher, whatever ends it.
// Throws UsageError if num_processes < 1 or this process was itself started by a launcher.
int launch_local(int num_processes, const std::vector<std::string>& arguments, double grace_s = 10.0);

}  // namespace glid
