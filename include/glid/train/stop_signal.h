// SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask a run to write a checkpoint and end. One that was ignored at the start stays
// ignored.
#pragma once

namespace glid {

// From here on the first of these signals asks, and says so on stderr at once if `says` (one rank of a run). A second
// one, or `grace_s` seconds without stop_answered(), ends the process at once, as the signal would have done without us.
// Before this call it does so the first time: there is nothing to save yet.
// Copies of one signal are one: a scheduler, a shell or timeout(1) sends it to a process and to its group, and our
// launcher passes it on as well. A second one is therefore one that comes a tenth of a second after the first or later,
// from the same kind of sender (our launcher, or anybody else).
void await_stop_signals(double grace_s, bool says);

// Whoever reads what a run says may end (| head, a closed connection): the run goes on, and log.txt has all.
void outlive_readers_of_the_log();
bool stop_requested();
// The request was seen and is being followed, or came too late: however long that takes, only another signal ends it.
void stop_answered();

}  // namespace glid
