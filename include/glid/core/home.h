// The home folder in paths that people write.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace glid {

// A path with the home folder ($HOME) in the place of a leading "~": "~" and "~/data". Others are as they were. Nothing for
// an empty one, for "~name", another user's, and where there is no home.
std::optional<std::string> expand_home(std::string_view path);

}  // namespace glid
