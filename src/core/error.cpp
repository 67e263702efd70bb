#include "glid/core/error.h"

#include <cstdio>
#include <exception>

#include "glid/core/log.h"
#include "glid/core/peer_failed.h"

namespace glid {
namespace {

std::string one_line(const std::string& where, const std::string& what, const std::string& value, const std::string& hint) {
  std::string line = where.empty() ? what : where + ": " + what;
  if (!value.empty()) line += " (got " + value + ")";
  if (!hint.empty()) line += "; " + hint;
  return line;
}

int fail(const char* name, ExitCode code, const char* message) {
  log_status("");
  std::fprintf(stderr, "%s: %s\n", name, message);
  return static_cast<int>(code);
}

}  // namespace

Error::Error(ExitCode code, const std::string& where, const std::string& what, const std::string& value,
             const std::string& hint)
    : std::runtime_error(one_line(where, what, value, hint)), code_(code) {}

int run_program(const char* name, const std::function<ExitCode()>& body) {
  try {
    return static_cast<int>(body());
  } catch (const PeerFailedError& error) {
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    return fail(name, error.code(), error.what());
  } catch (const std::exception& error) {
    return fail(name, ExitCode::kInternal, error.what());
  }
}

}  // namespace glid
