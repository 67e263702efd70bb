// What a program is and where it runs: what bug reports and logs need.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace glid {

// "0.1.0 (commit 39a784a12345)"
std::string version_text();
// Of the sources when they were built: "39a784a12345", "39a784a12345-dirty" with changes, "unknown" where they are no git checkout.
std::string commit();

using Facts = std::vector<std::pair<std::string, std::string>>;  // names and values

// Version, compiler, system, processor with what it can, processors to work on, memory, the variables that threads heed.
Facts environment();
// "name: value", one a line.
std::string text_of(const Facts& facts);

// "localhost" where the system doesn't say.
std::string host_name();
// The file that this program is started again by: its name beside the executable, which may have several.
std::filesystem::path own_program();
// What belongs to the programs: share/glid of an install, the sources of a build; empty where it isn't with them.
std::filesystem::path shipped_folder();
// As this process was started, for a shell to start again.
std::string own_command_line();

}  // namespace glid
