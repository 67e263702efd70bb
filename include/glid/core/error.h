// Errors that a user can cause: one line with where, what, value and hint, and the exit code of the program.
#pragma once

#include <functional>
#include <stdexcept>
#include <string>

namespace glid {

// Exit codes of every program (docs/pretraining.md).
enum class ExitCode : int {
  kDone = 0,
  kInternal = 1,
  kUsage = 2,
  kData = 3,
  kNumerical = 4,
  kLostPeer = 5,
  kInterrupted = 75
};

// A mistake of the user's, printed as "where: what (got VALUE); HINT". Parts that are empty are left out.
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const std::string& where, const std::string& what, const std::string& value = {},
        const std::string& hint = {});
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

// Command line and configuration.
struct UsageError : Error {
  explicit UsageError(const std::string& where, const std::string& what, const std::string& value = {},
                      const std::string& hint = {})
      : Error(ExitCode::kUsage, where, what, value, hint) {}
};

// Missing, empty or unreadable data.
struct DataError : Error {
  explicit DataError(const std::string& where, const std::string& what, const std::string& value = {},
                     const std::string& hint = {})
      : Error(ExitCode::kData, where, what, value, hint) {}
};

// Another process of the group ended or did not answer in time.
struct LostPeerError : Error {
  explicit LostPeerError(const std::string& where, const std::string& what, const std::string& hint)
      : Error(ExitCode::kLostPeer, where, what, {}, hint) {}
};

// Runs a program's body; prints an Error as one line on stderr and returns its exit code, 1 for any other exception.
int run_program(const char* name, const std::function<ExitCode()>& body);

}  // namespace glid
