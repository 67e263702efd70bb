// The error of a process whose group has another that failed.
#pragma once

#include <string>

#include "glid/core/error.h"

namespace glid {

// That one says why: run_program() ends this one without a line.
struct PeerFailedError : Error {
  explicit PeerFailedError(const std::string& where, const std::string& what) : Error(ExitCode::kLostPeer, where, what) {}
};

}  // namespace glid
