// Command lines of all programs: --help ends with 0, a mistake with one line and 2.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>

#include "glid/core/error.h"

namespace glid {

// The exit code if the program is to end here.
inline std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(ExitCode::kUsage);
  }
}

}  // namespace glid
