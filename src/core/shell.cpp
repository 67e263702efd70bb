#include "glid/core/shell.h"

#include <algorithm>
#include <string_view>

namespace glid {
namespace {

bool is_plain(char c) {
  constexpr std::string_view kOthers = "_-./:=,+@%";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kOthers.find(c) != kOthers.npos ||
         static_cast<unsigned char>(c) >= 0x80;
}

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

}  // namespace

std::string shell_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    const bool as_it_is = !word.empty() && std::ranges::all_of(word, is_plain);
    line += (line.empty() ? "" : " ") + (as_it_is ? word : quoted(word));
  }
  return line;
}

}  // namespace glid
