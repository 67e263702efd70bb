// Lists that people write: lines of a text, whichever editor made it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace glid {

// All lines in order, empty ones too, without white space at their ends (a carriage return, say) and without the byte order
// mark that some editors put before the first.
std::vector<std::string_view> text_lines(std::string_view text);
std::vector<std::string_view> text_lines(std::string&&) = delete;  // the lines are views of it

}  // namespace glid
