// Pieces of a page, found by patterns.
#pragma once

#include <regex>
#include <string>
#include <vector>

namespace glid {

// The first group of every match.
inline std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex expression(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), expression), end; match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

}  // namespace glid
