// Command lines of all programs: --help ends with 0, a mistake with one line and 2.
#pragma once

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/core/error.h"

namespace glid {

// Threads of operations that wait for each other shall soon sleep, not spin for long: where others work on the machine,
// spinning ones take the time of those that they wait for; sleeping at once costs where nobody else does (docs/results.md).
// libgomp reads that when it is loaded, so the program starts itself once more; whoever sets one of the two decides.
inline void let_threads_sleep(char** argv) {
  constexpr const char *kPolicy = "OMP_WAIT_POLICY", *kSpins = "GOMP_SPINCOUNT";
  if (std::getenv(kPolicy) || std::getenv(kSpins) || ::setenv(kSpins, "1000", 1) != 0) return;
  std::error_code unreadable;  // by its name, which lists of processes show; where it can't start again, threads spin
  ::execv(std::filesystem::read_symlink("/proc/self/exe", unreadable).c_str(), argv);
}

// The exit code if the program is to end here.
inline std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
}

// The same command without --nproc, for the processes that the launcher starts.
inline std::vector<std::string> without_nproc(int argc, char** argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--nproc") ++i;
    else if (!argument.starts_with("--nproc=")) arguments.push_back(argument);
  }
  return arguments;
}

}  // namespace glid
