// What a program that was killed (SIGKILL) had half-written: "<final>.<6 hex digits>.tmp".
#pragma once

#include <filesystem>

namespace glid {

// Removes, with a line in the log, what lies beside a final place and was on the way to it, if its writer is gone: nobody
// holds its lock any more. What nobody can know that of is named and stays (a file system without locks), what is being
// written stays untold.
void remove_leftovers_of(const std::filesystem::path& final_place);

// The same of everything that was to lie in a folder, which need not be there.
void remove_leftovers_in(const std::filesystem::path& folder);

}  // namespace glid
