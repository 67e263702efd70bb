// Runs the programs of build/<preset>/bin as a user does.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "glid/core/files.h"
#include "support/temporaries_of.h"
#include "support/temporary_folder.h"

namespace glid {

struct ProgramResult {
  int code = -1;       // 128 + signal when a signal ended it
  std::string output;  // stdout and stderr

  // What it says beside the line that says how it computes.
  std::string beside_arithmetic() const {
    const size_t end = output.find(", cpu, fp32\n");
    if (end == std::string::npos) return output;
    const size_t begin = output.rfind('\n', end);
    return output.substr(0, begin == std::string::npos ? 0 : begin + 1) + output.substr(output.find('\n', end) + 1);
  }
  int64_t num_lines() const { return std::ranges::count(beside_arithmetic(), '\n'); }
};

// A program in the background, its output in a file.
class Program {
 public:
  // Starts with the signals that stop a run as they are by default, but for those to be ignored.
  Program(const std::string& name, std::vector<std::string> arguments, const std::vector<int>& ignored = {}) {
    arguments.insert(arguments.begin(), std::filesystem::path(GLID_TEST_BIN) / name);  // an absolute one stays
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const std::string output = output_file();
    pid_ = fork();
    if (pid_ == 0) {
      for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(signal, SIG_DFL);
      for (int signal : ignored) ::signal(signal, SIG_IGN);
      const int fd = open(output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
      dup2(fd, STDOUT_FILENO);
      dup2(fd, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }

  // A test that gives up leaves nothing behind.
  ~Program() {
    if (ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) const { kill(pid_, signal); }
  pid_t pid() const { return pid_; }
  std::string output() const { return std::filesystem::exists(output_file()) ? read_file(output_file()) : ""; }

  ProgramResult wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    ended_ = true;
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(output_file())};
  }

  // False if the file has not appeared after `seconds`.
  static bool wait_for(const std::filesystem::path& file, double seconds = 60) {
    return wait_until([&] { return std::filesystem::exists(file); }, seconds);
  }

  // The same for what is not complete yet.
  static bool wait_for_temporary_of(const std::filesystem::path& final_place) {
    return wait_until([&] { return !temporaries_of(final_place).empty(); });
  }

  static bool wait_until(const std::function<bool()>& condition, double seconds = 60) {
    for (int i = 0; i < static_cast<int>(seconds * 100); ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

 private:
  std::string output_file() const { return (dir_.path() / "output").string(); }

  TemporaryFolder dir_;
  pid_t pid_;
  mutable bool ended_ = false;  // and waited for
};

inline ProgramResult run(const std::string& name, const std::vector<std::string>& arguments) {
  return Program(name, arguments).wait();
}

// The program as one of two ranks that meet through a file.
inline Program start_rank_of_two(int rank, const std::filesystem::path& store, const std::string& name,
                                 const std::vector<std::string>& arguments) {
  const std::string number = std::to_string(rank);
  setenv("GLID_STORE_FILE", store.c_str(), 1);
  setenv("WORLD_SIZE", "2", 1);
  for (const char* variable : {"RANK", "LOCAL_RANK"}) setenv(variable, number.c_str(), 1);
  struct Unset {
    ~Unset() {
      for (const char* variable : {"RANK", "LOCAL_RANK", "WORLD_SIZE", "GLID_STORE_FILE"}) unsetenv(variable);
    }
  } const at_the_end;
  return Program(name, arguments);
}

// glid_train of a small model on generated scenes into `out`, with further options.
inline std::vector<std::string> small_training(const std::filesystem::path& out, std::vector<std::string> options = {}) {
  std::vector<std::string> arguments{"--config", std::string(GLID_SOURCE_DIR) + "/tests/support/small_run.yaml", "--out",
                                     out.string()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

// The option that gives small_training another dataset.
inline std::vector<std::string> with_data(const std::string& name, const std::filesystem::path& root) {
  return {"--set", "data={name: " + name + ", root: " + root.string() + ", image_size: 24, workers: 1}"};
}

}  // namespace glid
