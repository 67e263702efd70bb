// Errors of the transports, as one line that a user can act on.
#pragma once

#include <exception>
#include <string>

namespace glid {

// True for what a transport throws when a peer is gone, silent for too long, or never came.
bool is_lost_peer(const std::exception& error);
// Throws the LostPeerError that says so.
[[noreturn]] void throw_lost_peer(const std::string& place, const std::string& collective, const std::exception& cause);

template <typename Run>
void with_lost_peer_named(const std::string& place, const std::string& collective, const Run& run) {
  try {
    run();
  } catch (const std::exception& error) {
    if (!is_lost_peer(error)) throw;
    throw_lost_peer(place, collective, error);
  }
}

}  // namespace glid
