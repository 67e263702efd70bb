// Errors of the transports, as one line that a user can act on.
#pragma once

#include <exception>
#include <string>

#include "glid/core/error.h"
#include "glid/core/flight_record.h"
#include "glid/core/format.h"
#include "glid/dist/communicator.h"

namespace glid {

// True for what a transport throws when a peer is gone, silent for too long, or never came.
bool is_lost_peer(const std::exception& error);
// The error that says so.
LostPeerError lost_peer(const std::string& place, const std::string& collective, const std::exception& cause);

// Says it and ends the process, where nothing can be thrown.
[[noreturn]] void end_by_lost_peer(const std::string& place, const std::string& collective, const std::exception& cause);
// NCCL's watchdog throws in a thread of its own, where nobody can catch: the process then ends with the same line and
// exit code. One group at a time; nullptr: nobody's.
void end_by_lost_peer_in_threads_of(const Communicator* group);

template <typename Run>
void with_lost_peer_named(const std::string& place, const std::string& collective, const Run& run) {
  try {
    run();
  } catch (const std::exception& error) {
    if (!is_lost_peer(error)) throw;
    throw lost_peer(place, collective, error);
  }
}

// One collective of the group, in the flight record from its call to its return. Both texts are literals.
template <typename Run>
void as_collective(const Communicator& group, const char* kind, const char* what, const Run& run) {
  flight_record().begin_collective(kind, what);
  with_lost_peer_named(group.place(), format("{}{}{}", kind, *what ? " " : "", what), run);
  flight_record().end_collective();
}

}  // namespace glid
