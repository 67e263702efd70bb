// SIGTERM and SIGUSR1 ask a run to write a checkpoint and end.
#pragma once

namespace glid {

void install_stop_handlers();
bool stop_requested();

}  // namespace glid
