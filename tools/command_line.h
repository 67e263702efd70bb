// Command lines of all programs: --help ends with 0, a mistake with one line and 2.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "glid/config/value.h"
#include "glid/config/write.h"
#include "glid/core/environment.h"
#include "glid/core/error.h"
#include "glid/core/home.h"

namespace glid {

// Threads of operations that wait for each other spin, which is fastest, where nobody else uses the machine; else they shall
// sleep, or they take the time of those that they wait for. libgomp reads that when it is loaded, so the program starts
// itself once more. Whoever sets one of the variables decides, and a launcher's ranks have the machine among themselves.
void let_threads_sleep_on_a_busy_machine(char** argv);

// What a program says of itself.
struct ProgramWords {
  std::string example;                                   // a command, or several in lines
  Facts (*environment)() = [] { return Facts(); };       // what only some programs know of theirs
  std::string (*keys)() = [] { return std::string(); };  // those that --set takes, one a line as config::help() has them
};

// --help, --version, --env and --completion, and the example below the options: for every program, before its own options.
void add_words(CLI::App& app, const ProgramWords& words);

// A command of a program, with its own example.
CLI::App* add_command(CLI::App& app, const std::string& name, const std::string& description, const std::string& example);

// How help and completion call a file or a folder.
inline constexpr const char* kPathType = "PATH";

// An option that takes a path: not an empty one, and ~ is the home folder also where a shell leaves it (--out=~/runs).
template <class T>
CLI::Option* path_option(CLI::App& app, const std::string& name, T& target, const std::string& help) {
  const auto expand = [](std::string& text) -> std::string {
    const std::optional<std::string> path = expand_home(text);
    if (!path) return "must be a path (got '" + text + "')";
    text = *path;
    return {};
  };
  return app.add_option(name, target, help)->transform(CLI::Validator(expand, ""))->type_name(kPathType);
}

// An option that takes one of some names; whoever reads it says which there are.
CLI::Option* names_option(CLI::App& app, const std::string& name, std::string& target, const std::vector<std::string>& names,
                          const std::string& help);

// Those of an enumeration or of a variant's alternatives, as configurations spell them.
template <config::NamedEnum E>
std::vector<std::string> names_of(std::type_identity<E>) {
  const auto names = config::Value<E>::names();
  return {names.begin(), names.end()};
}
template <class... Alternatives>
std::vector<std::string> names_of(std::type_identity<std::variant<Alternatives...>>) {
  return {std::string(Alternatives::kName)...};
}
template <class T>
CLI::Option* names_option(CLI::App& app, const std::string& name, std::string& target, const std::string& help) {
  return names_option(app, name, target, names_of(std::type_identity<T>()), help);
}

// Nothing of the app's own options, so far, goes with this one.
void exclude_others(CLI::App& app, CLI::Option* option);

// Refuses a number outside of [low, high] in words.
CLI::Validator within(double low, double high);
// At least 1; threads and the like, of which no machine has more than thousands, at most `high`.
inline CLI::Validator positive(double high = HUGE_VAL) { return within(1, high); }
inline constexpr double kMaxThreads = 1024;

// --set a.b=value, repeatable.
CLI::Option* set_option(CLI::App& app, std::vector<std::string>& overrides, const std::string& help);

// --help-config [PREFIX]; asked for where its count() isn't 0.
CLI::Option* help_config_option(CLI::App& app, std::string& prefix, const std::string& of_what);

// In lines that fit the terminal, or one line a key for other programs to read.
config::HelpOptions help_options(const std::string& prefix);

// The exit code if the program is to end here. The first thing that every program does: its memory is kept from then on.
std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv);

// The same command without --nproc, for the processes that the launcher starts.
std::vector<std::string> without_nproc(int argc, char** argv);

}  // namespace glid
