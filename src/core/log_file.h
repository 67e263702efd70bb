// The log without the terminal.
#pragma once

#include <string_view>

namespace glid {

// A line of the log's file alone, where there is one: for what the terminal has had already. Throws nothing.
void log_to_file(std::string_view text);

}  // namespace glid
