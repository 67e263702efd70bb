// What shells need to complete the command line of a program, made of the options that the program has.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace glid {

// The option whose values begin with a key of the configuration.
inline constexpr const char* kSetOption = "--set";

// The keys of config::help(), which has one a line; blocks are none.
std::vector<std::string> keys_in(std::string_view help);

// A script for share/bash-completion/completions/PROGRAM: commands, options, their names, keys behind --set, paths.
std::string bash_completion(const CLI::App& app, const std::vector<std::string>& keys);
// The same for zsh, a file _PROGRAM of its $fpath, with a line of help for each option.
std::string zsh_completion(const CLI::App& app, const std::vector<std::string>& keys);

}  // namespace glid
