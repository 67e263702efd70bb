#include "glid/core/wrap.h"

#include <sstream>

namespace glid {

std::string wrapped(const std::string& text, size_t width, size_t indent) {
  std::string lines, line;
  std::istringstream words(text);
  const auto end_line = [&] { lines += std::string(indent, ' ') + line + "\n"; };
  for (std::string word; words >> word;) {
    if (!line.empty() && indent + line.size() + 1 + word.size() > width) end_line(), line.clear();
    line += (line.empty() ? "" : " ") + word;
  }
  if (!line.empty()) end_line();
  return lines;
}

}  // namespace glid
