#include "glid/train/stop_signal.h"

#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <string>

#include "glid/core/clock.h"
#include "glid/core/flight_record.h"
#include "glid/core/format.h"
#include "glid/core/log.h"
#include "glid/core/temporaries.h"
#include "glid/dist/launch.h"

namespace glid {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
constexpr int64_t kCopiesWithinNs = 100'000'000;

// What the handlers read, set before they are installed; they allocate and format nothing.
struct Settings {
  itimerval grace{};
  std::string asked, ended, no_answer;  // lines for stderr; empty: says nothing
  pid_t launcher = 0;                   // our own, which passes signals on
};
Settings& settings = *new Settings;  // signals still come when statics are gone

std::atomic<int> first_signal{0};                           // that asked
std::atomic<int64_t> first_ns[2] = {INT64_MAX, INT64_MAX};  // when anybody, the launcher sent the first
std::atomic<bool> answered{false};

void say(const std::string& line) {
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody reads it any more
}

// Before the process ends. A file system that doesn't answer, often why nobody did, must not keep it: then SIGALRM ends it.
void save_in_time(const char* reason) {
  constexpr unsigned kSeconds = 5;
  ::signal(SIGALRM, SIG_DFL);
  sigset_t alarm;
  ::sigemptyset(&alarm);
  ::sigaddset(&alarm, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr);
  ::alarm(kSeconds);
  flight_record().save(reason);
}

void ask(int signal) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal) || answered) return;
  say(settings.asked);
  ::setitimer(ITIMER_REAL, &settings.grace, nullptr);
}

extern "C" void on_stop_signal(int signal, siginfo_t* info, void*) {
  const int saved_errno = errno;
  std::atomic<int64_t>& first = first_ns[info->si_code <= 0 && info->si_pid == settings.launcher ? 1 : 0];
  int64_t none = INT64_MAX;
  const int64_t now = monotonic_ns();
  if (!first.compare_exchange_strong(none, now) && now - none >= kCopiesWithinNs) {
    say(settings.ended);
    save_in_time("a second signal to stop");
    end_by_signal(signal);
  }
  ask(signal);
  errno = saved_errno;
}

extern "C" void on_no_answer(int) {
  if (answered || first_signal == 0) return;  // an alarm of somebody else's
  say(settings.no_answer);
  save_in_time("no step has ended within train.stop_grace_s of a signal to stop");
  end_by_signal(first_signal);
}

void handle(int signal) {
  struct sigaction old {};
  if (::sigaction(signal, nullptr, &old) == 0 && old.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_sigaction = on_stop_signal;
  action.sa_flags = SA_RESTART | SA_SIGINFO;
  ::sigfillset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

void await_stop_signals(double grace_s, bool says) {
  settings.grace.it_value = {.tv_sec = static_cast<time_t>(grace_s),
                             .tv_usec = std::max<suseconds_t>(1, std::lround(std::fmod(grace_s, 1.0) * 999'999))};
  if (!read_launch_env().store_file.empty()) settings.launcher = ::getppid();
  if (says) {
    const char* begin = log_is_terminal() ? "\r\033[K" : "";  // over the status line
    settings.asked = format(
        "{}asked to stop: a checkpoint follows at the end of this step (exit code 75); a second signal, "
        "or {} s without an answer, ends the run at once\n",
        begin, grace_s);
    settings.ended = format("{}a second signal: ended at once, without a checkpoint\n", begin);
    settings.no_answer = format(
        "{}asked to stop, but no step has ended within {} s (train.stop_grace_s): ended at once, "
        "without a checkpoint\n",
        begin, grace_s);
  }
  struct sigaction action {};
  action.sa_handler = on_no_answer;
  action.sa_flags = SA_RESTART;
  ::sigfillset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, nullptr);
  for (int signal : kSignals) handle(signal);
}

void outlive_readers_of_the_log() { ::signal(SIGPIPE, SIG_IGN); }

bool stop_requested() { return first_signal != 0; }

void stop_answered() {
  answered = true;
  constexpr itimerval kOff{};
  ::setitimer(ITIMER_REAL, &kOff, nullptr);
}

}  // namespace glid
