// What a rank leaves with our own launcher (launch_local), so that a bad end says what to read.
#pragma once

#include <filesystem>

namespace glid {

// Where this rank's record will be when it ends badly, and the run's log. False: our launcher has not started this process.
bool tell_launcher_what_to_read(const std::filesystem::path& record, const std::filesystem::path& log);

}  // namespace glid
