// The name somebody meant.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace glid::config {

// The known name with the fewest insertions, deletions, replacements and swaps of neighbours, when they are few enough for a
// typo (one, and one more for every four characters); else empty.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

// "did you mean X?", or empty when nothing is near.
std::string suggestion(const std::string& name);

}  // namespace glid::config
