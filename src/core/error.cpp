#include "glid/core/error.h"

#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include "glid/core/disk_error.h"
#include "glid/core/log.h"
#include "glid/core/peer_failed.h"
#include "glid/core/utf8.h"
#include "log_file.h"

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
  const bool says_name = std::string_view(message).starts_with(std::string(name) + ": ");
  const std::string line = (says_name ? "" : std::string(name) + ": ") + lines_for_terminal(message);
  std::fprintf(stderr, "%s\n", line.c_str());
  log_to_file(line);
  return static_cast<int>(code);
}

Error of_file_system(const std::filesystem::filesystem_error& error) {
  return {ExitCode::kInternal, error.path1().string(), error.code().message(), error.path2().string(),
          hint_of(error.code())};
}

// LibTorch appends where in its sources it was; that helps who debugs it, not who reads the message.
std::string readable(std::string_view message) {
  const size_t end = message.find('\n');
  if (end == message.npos || std::getenv("GLID_TRACE")) return std::string(message);
  return std::string(message.substr(0, end)) + "; GLID_TRACE=1 shows where in the program";
}

}  // namespace

Error::Error(ExitCode code, const std::string& where, const std::string& what, const std::string& value,
             const std::string& hint)
    : std::runtime_error(one_line(where, what, value, hint)), code_(code) {}

int run_program(const char* name, const std::function<ExitCode()>& body) {
  ::signal(SIGXFSZ, SIG_IGN);  // a file that ulimit -f forbids is an error of its writer, not an end
  try {
    const ExitCode code = body();
    std::cout.flush();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0 || !std::cout)
      throw Error(ExitCode::kInternal, "standard output", "can't be written");
    return static_cast<int>(code);
  } catch (const PeerFailedError& error) {
    return static_cast<int>(error.code());
  } catch (const Error& error) {
    return fail(name, error.code(), error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(name, ExitCode::kInternal, of_file_system(error).what());
  } catch (const std::exception& error) {
    return fail(name, ExitCode::kInternal, readable(error.what()).c_str());
  }
}

}  // namespace glid
