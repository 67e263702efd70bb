// Commands shown to people, as they can be typed.
#pragma once

#include <string>
#include <vector>

namespace glid {

// The words with blanks between them, those in quotes that a shell would change.
std::string shell_line(const std::vector<std::string>& words);

}  // namespace glid
