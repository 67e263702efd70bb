#include "glid/train/stop_signal.h"

#include <csignal>

namespace glid {
namespace {

volatile std::sig_atomic_t requested = 0;

extern "C" void on_stop_signal(int) { requested = 1; }

}  // namespace

void install_stop_handlers() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGUSR1, &action, nullptr);
}

bool stop_requested() { return requested != 0; }

}  // namespace glid
