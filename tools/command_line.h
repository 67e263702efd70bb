// Command lines of all programs: --help ends with 0, a mistake with one line and 2.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glid/config/write.h"
#include "glid/core/cpus.h"
#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/home.h"
#include "glid/viz/opencv_version.h"

namespace glid {

inline constexpr const char* kAllKeys = "all";

// Threads of operations that wait for each other spin, which is fastest, where nobody else uses the machine; else they shall
// sleep, or they take the time of those that they wait for. libgomp reads that when it is loaded, so the program starts
// itself once more. Whoever sets one of the variables decides, and a launcher's ranks have the machine among themselves.
inline void let_threads_sleep_on_a_busy_machine(char** argv) {
  for (const char* variable : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OMP_NUM_THREADS", "WORLD_SIZE"})
    if (std::getenv(variable)) return;
  if (num_free_cpus() == num_cpus() || ::setenv("OMP_WAIT_POLICY", "PASSIVE", 1) != 0) return;
  std::error_code unreadable;  // by its name, which lists of processes show; where it can't start again, threads spin
  ::execv(std::filesystem::read_symlink("/proc/self/exe", unreadable).c_str(), argv);
}

// --version, --env and an example below the options, for every program. `more` is what only some programs know of their
// environment.
inline void add_words(
    CLI::App& app, const std::string& example, Facts (*more)() = [] { return Facts(); }) {
  app.footer("Example:\n  " + example);
  app.set_version_flag(
         "--version", [&app] { return app.get_name() + " " + version_text(); }, "print the version and the commit")
      ->group("Help");
  app.add_flag_callback(
         "--env",
         [more] {
           Facts facts = environment();
           facts.emplace_back("OpenCV", opencv_version());
           for (const auto& fact : more()) facts.push_back(fact);
           std::string text = text_of(facts);
           text.pop_back();
           throw CLI::CallForVersion(text, 0);
         },
         "print what a bug report needs: versions, processor, memory, LibTorch, GPUs")
      ->group("Help");
  app.get_help_ptr()->group("Help");
}

// An option that takes a path: not an empty one, and ~ is the home folder also where a shell leaves it (--out=~/runs).
template <class T>
CLI::Option* path_option(CLI::App& app, const std::string& name, T& target, const std::string& help) {
  const auto expand = [](std::string& text) -> std::string {
    const std::optional<std::string> path = expand_home(text);
    if (!path) return "must be a path (got '" + text + "')";
    text = *path;
    return {};
  };
  return app.add_option(name, target, help)->transform(CLI::Validator(expand, ""));
}

// --help-config [PREFIX]; asked for where its count() isn't 0.
inline CLI::Option* help_config_option(CLI::App& app, std::string& prefix, const std::string& of_what) {
  return app
      .add_option("--help-config", prefix,
                  "print every key" + of_what + " with type, default and meaning; PREFIX: of a block")
      ->type_name("PREFIX")
      ->expected(0, 1)
      ->default_str(kAllKeys)
      ->group("Help");
}

// In lines that fit the terminal, or one line a key for other programs to read.
inline config::HelpOptions help_options(const std::string& prefix) {
  config::HelpOptions options{.prefix = prefix == kAllKeys ? "" : prefix};
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    options.wrap = size.ws_col > 0 ? size.ws_col : 100;
  return options;
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
