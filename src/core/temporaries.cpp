#include "glid/core/temporaries.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "glid/core/error.h"
#include "glid/core/leftovers.h"
#include "glid/core/log.h"
#include "held_temporary.h"

namespace glid {
namespace {

namespace fs = std::filesystem;

constexpr int kTries = 100;  // at a folder into which other threads still write

struct Left {
  fs::path path;
  bool with_content;
  std::vector<int> locks = {};  // descriptors
};
struct State {
  std::mutex mutex;
  std::vector<Left> left;
};
State& state() {
  static State& instance = *new State;  // signals still come when statics are gone
  return instance;
}

void remember(const fs::path& path, bool with_content) {
  std::lock_guard lock(state().mutex);
  state().left.push_back({.path = fs::absolute(path), .with_content = with_content});
}

void forget(const fs::path& path) {
  std::error_code failed;  // in destructors: a working folder that is gone must not end the program
  const fs::path whole = fs::absolute(path, failed);
  std::lock_guard lock(state().mutex);
  std::erase_if(state().left, [&](const Left& left) {
    if (left.path != whole) return false;
    for (const int lock : left.locks) ::close(lock);
    return true;
  });
}

void remove_left(const Left& left) {
  std::error_code failed;
  if (!left.with_content) {
    fs::remove(left.path, failed);
    return;
  }
  for (int i = 0; i < kTries && fs::exists(left.path, failed); ++i) fs::remove_all(left.path, failed);
}

// A pipe that nobody reads any more is told to the thread that writes; the one that waits for signals ends the program.
std::atomic<bool> pipe_is_broken = false;
void on_broken_pipe(int) {
  pipe_is_broken = true;
  ::kill(::getpid(), SIGTERM);
}

[[noreturn]] void await(const sigset_t& signals) {
  int signal = 0;
  ::sigwait(&signals, &signal);
  if (pipe_is_broken) signal = SIGPIPE;
  std::lock_guard lock(state().mutex);                                                      // nothing is begun any more
  for (auto it = state().left.rbegin(); it != state().left.rend(); ++it) remove_left(*it);  // folders after what is in them
  log_status("");
  log_warning("ended by signal {} ({}): nothing half-written is left, the same command begins again", signal,
              ::strsignal(signal));
  end_by_signal(signal);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void end_by_signal(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::_exit(128 + signal);  // the first process of a container survives its own signals
}

void remove_temporaries_on_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1})
    if (!is_ignored(signal)) ::sigaddset(&signals, signal);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (!is_ignored(SIGPIPE)) ::signal(SIGPIPE, on_broken_pipe);
  std::thread([signals] { await(signals); }).detach();
}

void add_temporary(const fs::path& path) { remember(path, true); }

void forget_temporary(const fs::path& path) { forget(path); }

void hold_temporary(const fs::path& temporary, const fs::path& place) {
  const fs::path whole = fs::absolute(temporary);
  const int fd = ::open(place.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  std::lock_guard lock(state().mutex);
  const auto own = std::ranges::find(state().left, whole, &Left::path);
  if (own != state().left.end() && ::flock(fd, LOCK_EX | LOCK_NB) == 0) own->locks.push_back(fd);
  else ::close(fd);
}

bool is_still_there(const fs::path& temporary) {
  const fs::path whole = fs::absolute(temporary);
  struct stat there {
  }, locked{};
  if (::stat(whole.c_str(), &there) != 0) return false;
  std::lock_guard lock(state().mutex);
  const auto own = std::ranges::find(state().left, whole, &Left::path);
  if (own == state().left.end() || own->locks.empty() || ::fstat(own->locks.front(), &locked) != 0) return true;
  return there.st_ino == locked.st_ino && there.st_dev == locked.st_dev;
}

FoldersAbove::FoldersAbove(const fs::path& path) {
  std::vector<fs::path> missing;
  std::error_code failed;
  for (fs::path above = fs::absolute(path).lexically_normal().parent_path();
       !fs::exists(above, failed) && above.has_relative_path(); above = above.parent_path())
    missing.push_back(above);
  if (missing.empty()) remove_leftovers_of(path);
  std::reverse(missing.begin(), missing.end());
  for (const fs::path& folder : missing) {
    if (!fs::create_directory(folder, failed) && failed)
      throw Error(ExitCode::kInternal, folder.string(), "can't be made", failed.message());
    remember(folder, false);
    made_.push_back(folder);
  }
}

FoldersAbove::~FoldersAbove() {
  std::error_code failed;
  for (auto it = made_.rbegin(); it != made_.rend(); ++it) {
    fs::remove(*it, failed);
    forget(*it);
  }
}

void FoldersAbove::keep() {
  for (const fs::path& folder : made_) forget(folder);
  made_.clear();
}

}  // namespace glid
