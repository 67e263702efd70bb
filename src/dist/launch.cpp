#include "glid/dist/launch.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "glid/core/cpus.h"
#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "launch_env.h"
#include "launcher_notes.h"

namespace glid {
namespace {

constexpr int64_t kMaxRanksPerCpu = 16;  // of --nproc, which is no typing error then

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// The folder of the ranks' store, removed at the end.
class StoreFolder {
 public:
  StoreFolder() {
    std::string pattern = (fs::temp_directory_path() / "glid-launch-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) {
      throw UsageError(pattern, std::string("cannot make a folder: ") + std::strerror(errno), "", "set TMPDIR");
    }
    path_ = pattern;
  }
  ~StoreFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  std::string store_file() const { return (path_ / "store").string(); }

 private:
  fs::path path_;
};

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

// Blocks the signals that the launcher waits for; the ranks start with the old mask.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    ::signal(SIGCHLD, SIG_DFL);              // an inherited SIG_IGN would discard the exit codes
    old_pipe_ = ::signal(SIGPIPE, SIG_IGN);  // its ranks need it, whoever reads what it says
    ::sigemptyset(&waited_);
    ::sigaddset(&waited_, SIGCHLD);
    for (int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
      if (!is_ignored(signal)) ::sigaddset(&waited_, signal);
    }
    ::pthread_sigmask(SIG_BLOCK, &waited_, &old_);
  }
  ~SignalsBlocked() { unblock(); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

  // As before; also in a rank between fork and exec.
  void unblock() const {
    ::signal(SIGPIPE, old_pipe_);
    ::pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }
  // The next signal within a fifth of a second, or an empty record.
  siginfo_t next() const {
    const timespec patience{.tv_sec = 0, .tv_nsec = 200'000'000};
    siginfo_t info{};
    if (::sigtimedwait(&waited_, &info, &patience) < 0) info.si_signo = 0;
    return info;
  }

 private:
  sigset_t waited_;
  sigset_t old_;
  sighandler_t old_pipe_ = SIG_DFL;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> rank_environment(int rank, int size, const std::string& store_file) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    if (std::find(kGroupVariables.begin(), kGroupVariables.end(), name) == kGroupVariables.end()) result.emplace_back(text);
  }
  for (const char* name : {"RANK", "LOCAL_RANK"}) result.push_back(format("{}={}", name, rank));
  for (const char* name : {"WORLD_SIZE", "LOCAL_WORLD_SIZE"}) result.push_back(format("{}={}", name, size));
  result.push_back(format("{}={}", kStoreFile, store_file));
  return result;
}

// Only async-signal-safe calls between fork and exec.
pid_t start_rank(std::vector<std::string> command, std::vector<std::string> environment, const SignalsBlocked& signals) {
  const std::vector<char*> argv = pointers(command);
  const std::vector<char*> envp = pointers(environment);
  const pid_t launcher = ::getpid();
  const pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != launcher) ::_exit(1);  // it died before the line above
  signals.unblock();
  ::execve(argv[0], argv.data(), envp.data());           // by its name, which lists of processes show
  ::execve("/proc/self/exe", argv.data(), envp.data());  // also where the file was replaced
  ::_exit(127);
}

std::string describe(int status) {
  if (WIFEXITED(status)) return format("failed with exit code {}", WEXITSTATUS(status));
  return format("was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)));
}

int exit_code(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

constexpr std::chrono::milliseconds kSignalCopies{100};  // of one signal: schedulers and shells send several
constexpr std::chrono::seconds kAfterSecondSignal{2};

// The started ranks; none survives it.
class Ranks {
 public:
  Ranks(double grace_s, std::string store_file)
      : grace_(std::chrono::milliseconds(std::llround(grace_s * 1000))), store_file_(std::move(store_file)) {}
  ~Ranks() {
    signal_all(SIGKILL);
    for (pid_t pid : running_) {
      if (pid > 0) ::waitpid(pid, nullptr, 0);
    }
  }
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  void add(pid_t pid) {
    if (pid < 0) throw Error(ExitCode::kInternal, "--nproc", std::string("cannot start a process: ") + std::strerror(errno));
    running_.push_back(pid);
  }

  int wait(const SignalsBlocked& signals) {
    while (any_runs()) {
      const siginfo_t info = signals.next();
      if (info.si_signo == 0 || info.si_signo == SIGCHLD) {
        reap_first(info.si_pid);
      } else {
        pass_on(info.si_signo);
      }
      if (deadline_ && Clock::now() >= *deadline_) end_all();
      if (stop_deadline_ && Clock::now() >= *stop_deadline_) end_stopped();
    }
    say_what_to_read();
    return verdict();
  }

 private:
  bool any_runs() const {
    return std::any_of(running_.begin(), running_.end(), [](pid_t pid) { return pid > 0; });
  }

  void signal_all(int signal) const {
    for (pid_t pid : running_) {
      if (pid > 0) ::kill(pid, signal);
    }
  }

  // Ranks end by themselves at the second signal; those that can't (stopped, waiting for a disk) are ended soon after.
  void pass_on(int signal) {
    const Clock::time_point now = Clock::now();
    const bool is_copy = asked_ && now - *asked_ < kSignalCopies;
    if (asked_ && !is_copy && !stop_deadline_) stop_deadline_ = now + kAfterSecondSignal;
    if (!asked_) asked_ = now;
    stop_ = signal;
    signal_all(signal);
  }

  void end_stopped() {
    for (size_t rank = 0; rank < running_.size(); ++rank)
      if (running_[rank] > 0)
        log_warning("rank {} of {} does not answer the second signal; ending it", rank, running_.size());
    stop_deadline_.reset();
    ended_ = true;
    if (!failure_) failure_ = 128 + stop_;
    signal_all(SIGKILL);
  }

  // Signals of the same kind merge, and the one that is kept belongs to the child that ended first: it is asked first.
  void reap_first(pid_t first) {
    const auto place = std::find(running_.begin(), running_.end(), first);
    if (first > 0 && place != running_.end()) reap(place - running_.begin());
    for (size_t rank = 0; rank < running_.size(); ++rank) reap(rank);
  }

  void reap(size_t rank) {
    int status = 0;
    if (running_[rank] <= 0 || ::waitpid(running_[rank], &status, WNOHANG) <= 0) return;
    running_[rank] = 0;
    const int code = exit_code(status);
    if (code == static_cast<int>(ExitCode::kInterrupted)) interrupted_ = true;
    else if (code != 0 && !ended_) fail(rank, status);
  }

  // A rank that lost a peer is not the cause: the deadline is also the time in which the cause may still show itself.
  void fail(size_t rank, int status) {
    if (!deadline_) deadline_ = Clock::now() + grace_;
    if (exit_code(status) == static_cast<int>(ExitCode::kLostPeer)) {
      if (!lost_peer_) lost_peer_ = rank;
    } else if (!failure_) {
      failure_ = exit_code(status);
      failed_ = rank;
      const bool as_asked = WIFSIGNALED(status) && WTERMSIG(status) == stop_;
      if (!as_asked) log_warning("rank {} of {} {}; ending the others", rank, running_.size(), describe(status));
    }
  }

  void end_all() {
    if (!ended_ && !failure_) {
      for (size_t rank = 0; rank < running_.size(); ++rank) {
        if (running_[rank] > 0) log_warning("rank {} of {} does not answer; ending it", rank, running_.size());
      }
    }
    ended_ = true;
    signal_all(SIGKILL);
  }

  void say_what_to_read() const {
    if (!failure_ && !lost_peer_) return;
    const size_t first = failure_ ? failed_ : *lost_peer_;
    const std::string text = what_to_read(store_file_, static_cast<int>(running_.size()), static_cast<int>(first));
    if (!text.empty()) log_info("{}", text);
  }

  int verdict() const {
    if (failure_) return *failure_;
    if (lost_peer_ && !ended_) log_warning("rank {} of {} was the first to lose the others", *lost_peer_, running_.size());
    if (lost_peer_) return static_cast<int>(ExitCode::kLostPeer);
    return static_cast<int>(interrupted_ ? ExitCode::kInterrupted : ExitCode::kDone);
  }

  std::vector<pid_t> running_;  // by rank; 0 when it has ended
  Clock::duration grace_;
  std::string store_file_;
  int stop_ = 0;                                    // the last signal that was passed on
  std::optional<Clock::time_point> asked_;          // when the first one was
  std::optional<Clock::time_point> stop_deadline_;  // set by the second one
  std::optional<Clock::time_point> deadline_;       // set by the first failure
  bool ended_ = false;                              // the deadline has passed: ranks end because they are killed
  std::optional<int> failure_;                      // exit code of the first rank with a cause of its own
  size_t failed_ = 0;                               // that rank
  std::optional<size_t> lost_peer_;                 // the first rank without one
  bool interrupted_ = false;
};

}  // namespace

int launch_local(int num_processes, const std::vector<std::string>& arguments, double grace_s) {
  if (num_processes < 1) throw UsageError("--nproc", "must be at least 1", std::to_string(num_processes));
  if (const int64_t most = kMaxRanksPerCpu * num_cpus(); num_processes > most)
    throw UsageError("--nproc", format("is for at most {} processes on {} processors", most, num_cpus()),
                     std::to_string(num_processes));
  if (const std::string rank = launched_as(); !rank.empty())
    throw UsageError("--nproc", "this process was itself started by a launcher", rank, "use one launcher, not two");
  std::vector<std::string> command = {own_program().string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  const StoreFolder folder;
  const SignalsBlocked signals;
  Ranks ranks(grace_s, folder.store_file());
  for (int rank = 0; rank < num_processes; ++rank) {
    ranks.add(start_rank(command, rank_environment(rank, num_processes, folder.store_file()), signals));
  }
  return ranks.wait(signals);
}

}  // namespace glid
